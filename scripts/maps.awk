# maps.awk: the maps of src/etl/map.h, made from the schema, where each column is written once.
#
#     awk -v want=h -f scripts/maps.awk schema/*.sql    a header: the maps of roots, and their trees
#     awk -v want=c -f scripts/maps.awk schema/*.sql    the maps
#
# A table that the API fills says where its rows sit, from the entity on; the tables of an entity
# follow its root:
#
#     CREATE TABLE user ( -- [* not selfUri]            an entity; fields known not to be data
#     CREATE TABLE segment ( -- [sessions[].segments[]] elements of an array; x: an object; x{}: the
#                                                       members of one; `attributes`: HASH_ATTRIBUTES
#
# A column says which field it holds, and how, where its type does not say that already:
#
#     conversation_end TEXT, -- [conversationEnd time] when the last participant left
#
#     a|b           the first of them that is there
#     x[]           the element itself; x{key} x{value} name and value of a member
#     time json     of TEXT: an instant; an array or object as it is
#     upper-snake   of TEXT: ON_QUEUE becomes OnQueue
#     0/1           of INTEGER: a boolean
#     moment        a change of it alone counts for nothing
#     -             no field
#
# The first mapped column of a root is the entity's own id. Columns without brackets are ours: keys
# and ordinals (*_no) in front, row_* behind. ALTER TABLE t ADD COLUMN adds one in a line.
#
# Where several sources fill one table, the table names them ([wfm: *] [other: * not x]), brackets
# without a name are the first one's, those of others stand behind them or in lines below; type and
# `moment` are the first one's. Their maps are t_SOURCE; t itself is all the columns there are.
#
# Whatever cannot be read so, and a column without a comment, is an error that names file and line.

function fail(at, message)
{
    printf "%s: %s\n", at, message >"/dev/stderr"
    failed = 1
    exit 1
}

# Takes the bracket that `rest` begins with: its text is left in `inside`, what follows in `rest`.
function take_bracket(    i, depth, c)
{
    for (i = 1; i <= length(rest); i++) {
        c = substr(rest, i, 1)
        depth += c == "[" ? 1 : c == "]" ? -1 : 0
        if (depth == 0) {
            inside = substr(rest, 2, i - 2)
            rest = substr(rest, i + 1)
            sub(/^ +/, "", rest)
            return
        }
    }
    fail(here, "a bracket is not closed")
}

# Splits `inside` into words, less the names of sources in front of a colon; sets named[] to the
# numbers of those sources (of the first one, where none is named).
function take_words(t,    at, names, count, i, k)
{
    split("", named)
    at = index(inside, ": ")
    if (!at) {
        named[1] = 1
        return split(inside, word, " ")
    }
    count = split(substr(inside, 1, at - 1), names, " ")
    for (i = 1; i <= count; i++) {
        for (k = 1; k <= sources[t] && source[t, k] != names[i]; k++) {
        }
        if (k > sources[t]) {
            fail(here, t " has no source " names[i])
        }
        named[k] = 1
    }
    return split(substr(inside, at + 2), word, " ")
}

# A bracket of a table: place, marks, fields that are no data.
function table_bracket(t,    count, i, at, k)
{
    k = ++sources[t]
    at = index(inside, ": ")
    source[t, k] = at ? substr(inside, 1, at - 1) : ""
    count = split(at ? substr(inside, at + 2) : inside, word, " ")
    if (k > 1 && (source[t, 1] == "" || source[t, k] == "" || word[1] != "*")) {
        fail(here, "several sources have names, and a root each")
    }
    if (k == 1) {
        place[t] = word[1]
    }
    for (i = 2; i <= count; i++) {
        if (word[i] == "not" && i < count) {
            for (i++; i <= count; i++) {
                ignored[t, k] = ignored[t, k] "    \"" word[i] "\",\n"
                ignored_count[t, k]++
            }
        } else if (word[i] == "attributes" && word[1] ~ /\{\}$/) {
            is_attributes[t] = 1
        } else {
            fail(here, "unknown mark of a table: " word[i])
        }
    }
}

# Where the rows of a table below a root sit: sets parent, rows and shape, checks the ordinals.
function place_table(t,    i, above, prefix, steps, form)
{
    if (place[t] == "*") {
        root = t
        return
    }
    if (root == "" || sources[root] > 1) {
        fail(here, t ": no entity above it")
    }
    parent[t] = root
    for (i = tables; i >= 1 && order[i] != root; i--) {
        above = order[i]
        prefix = place[above] "."
        if (above != t && substr(place[t], 1, length(prefix)) == prefix &&
            (parent[t] == root || length(prefix) > length(place[parent[t]]))) {
            parent[t] = above
        }
        if (above != t && place[above] == place[t]) {
            fail(here, "the rows at " place[t] " have a table: " above)
        }
    }
    rows[t] = parent[t] == root ? place[t] : substr(place[t], length(place[parent[t]]) + 2)
    shape[t] = rows[t] ~ /\[\]$/ ? "ARRAY" : rows[t] ~ /\{\}$/ ? "MEMBERS" : "OBJECT"
    sub(/(\[\]|\{\})$/, "", rows[t])
    if (rows[t] ~ /[]}[{]/ || rows[t] == "") {
        fail(here, "no table above it has the rows that hold " place[t])
    }
    form = place[t]
    steps = gsub(/\[\]/, "", form)
    if (ordinals[t] != steps) {
        fail(here, t " has " ordinals[t] + 0 " ordinals, its place " steps " arrays")
    }
    child_list[parent[t]] = child_list[parent[t]] "    &" t "_table,\n"
    child_count[parent[t]]++
}

# The path of a bracket, for source k of column n of table t.
function set_path(t, n, k, path,    alternatives, count, i)
{
    count = split(path, alternatives, "|")
    for (i = 1; i <= count; i++) {
        if (alternatives[i] !~ /^[A-Za-z][A-Za-z0-9_.]*$/ || (t, k, alternatives[i]) in taken) {
            fail(here, alternatives[i] " is " ((t, k, alternatives[i]) in taken ? "mapped twice" : "no path"))
        }
        taken[t, k, alternatives[i]] = 1
    }
    paths[t, n, k] = path
}

# The path of an element, a member's name or its value: what the table's place says.
function set_part(t, n, path,    last)
{
    last = place[t]
    sub(/^.*\./, "", last)
    if (path == last && path ~ /\[\]$/) {
        from[t, n] = "ELEMENT"
    } else if (path "" == substr(last, 1, length(last) - 1) "key}" && last ~ /\{\}$/) {
        from[t, n] = "MEMBER_NAME"
    } else if (path == substr(last, 1, length(last) - 1) "value}" && last ~ /\{\}$/) {
        from[t, n] = "MEMBER_VALUE"
    } else {
        fail(here, path " is not in the rows at " place[t])
    }
}

function set_mark(t, n, k, mark)
{
    if (mark == "upper-snake" && types[t, n] == "TEXT") {
        upper[t, n, k] = 1
    } else if (k > 1) {
        fail(here, "of another source only: path, upper-snake; not " mark)
    } else if (mark == "moment") {
        moment[t, n] = 1
    } else if ((mark == "time" || mark == "json") && types[t, n] == "TEXT") {
        types[t, n] = toupper(mark)
    } else if (mark == "0/1" && types[t, n] == "INT") {
        types[t, n] = "BOOL"
    } else {
        fail(here, "unknown mark, or not of this type: " mark)
    }
}

# A bracket of a column, the n-th that is mapped.
function column_bracket(t, n,    count, i, k)
{
    count = take_words(t)
    if (count == 0) {
        fail(here, "an empty bracket")
    }
    for (k in named) {
        if ((t, n, k) in seen) {
            fail(here, columns[t, n] ": two brackets for one source")
        }
        seen[t, n, k] = 1
        if (word[1] ~ /[]}]$/) {
            set_part(t, n, word[1])
        } else if (word[1] != "-") {
            set_path(t, n, k, word[1])
        }
        for (i = 2; i <= count; i++) {
            set_mark(t, n, k, word[i])
        }
    }
}

# The line of a column: `    NAME TYPE..., -- comment`.
function column(t, name, type,    at)
{
    at = index($0, " -- ")
    if (!at) {
        fail(here, name " has no comment")
    }
    rest = substr($0, at + 4)
    sub(/[,;]$/, "", type)
    if (rest !~ /^\[/) {
        if (place[t] != "" && mapped[t] == 0 && name ~ /_no$/) {
            ordinals[t]++
            ordinal[t] = name
        } else if (place[t] == "*" && type == "INTEGER" && $0 ~ / INTEGER PRIMARY KEY/) {
            key[t] = name
        }
        return
    }
    if (place[t] == "") {
        fail(here, t " does not say where its rows sit")
    }
    mapped[t]++
    columns[t, mapped[t]] = name
    from[t, mapped[t]] = "FIELD"
    types[t, mapped[t]] = type == "INTEGER" || type == "BIGINT" ? "INT" : type
    if (type !~ /^(TEXT|INTEGER|BIGINT|REAL)$/) {
        fail(here, "no type for a field: " type)
    }
    brackets(t)
}

function brackets(t)
{
    while (rest ~ /^\[/) {
        take_bracket()
        if (mapped[t]) {
            column_bracket(t, mapped[t])
        } else {
            table_bracket(t)
        }
    }
}

{ here = FILENAME ":" FNR }

/^CREATE TABLE / {
    table = $3
    order[++tables] = table
    mapped[table] = 0
    opened[table] = here
    if ($0 ~ /\( -- \[/) {
        rest = substr($0, index($0, "( -- [") + 5)
        brackets(table)
    }
    next
}

/^\)/ {
    if (place[table] != "") {
        here = opened[table]
        if (mapped[table] == 0) {
            fail(here, table " has no mapped column")
        }
        place_table(table)
    }
    table = ""
    next
}

/^ALTER TABLE [a-z_0-9]+ ADD COLUMN / {
    if (!($3 in mapped)) {
        fail(here, "no table " $3 " above")
    }
    column($3, $6, $7)
    next
}

table != "" && /^    [a-z]/ { column(table, $1, $2) }

# Further brackets of the table or the column above.
table != "" && /^ +-- \[/ {
    rest = $0
    sub(/^ +-- /, "", rest)
    if (place[table] == "") {
        fail(here, table " does not say where its rows sit")
    }
    brackets(table)
}

# The columns of a table as source k has them; k = 0: all.
function write_columns(t, name, k,    n, flags, path)
{
    printf "\nstatic const struct column_map %s_columns[] = {\n", name
    for (n = 1; n <= mapped[t]; n++) {
        path = paths[t, n, k ? k : 1]
        if (k && path == "" && from[t, n] == "FIELD") {
            continue
        }
        flags = place[t] == "*" && n == 1 ? "COLUMN_REQUIRED" : ""
        flags = flags (moment[t, n] ? (flags ? " | " : "") "COLUMN_UNHASHED" : "")
        flags = flags (upper[t, n, k ? k : 1] ? (flags ? " | " : "") "COLUMN_UPPER_SNAKE" : "")
        printf "    {\"%s\", \"%s\", COLUMN_%s, SOURCE_%s, %s},\n", columns[t, n], path, types[t, n],
            from[t, n], flags ? flags : "0"
    }
    print "};"
}

function write_table(t, name, k)
{
    write_columns(t, name, k)
    if (child_count[t]) {
        printf "static const struct table_map *const %s_children[] = {\n%s};\n", name, child_list[t]
    }
    printf "%sconst struct table_map %s_table = {\n", place[t] == "*" ? "" : "static ", name
    printf "    .table = \"%s\",\n", t
    if (place[t] != "*") {
        printf "    .rows = \"%s\",\n    .shape = ROWS_%s,\n", rows[t], shape[t]
    }
    if (shape[t] == "ARRAY") {
        printf "    .ordinal = \"%s\",\n", ordinal[t]
    }
    if (is_attributes[t]) {
        print "    .hash_part = HASH_ATTRIBUTES,"
    }
    printf "    COLUMNS(%s_columns),\n", name
    if (child_count[t]) {
        printf "    CHILDREN(%s_children),\n", name
    }
    print "};"
    if (ignored[t, k]) {
        printf "const char *const %s_ignored[] = {\n%s};\n", name, ignored[t, k]
    }
}

# What a stream writes into its struct tree_map: all but where the entities sit in an answer.
function declare_tree(t, name, k)
{
    printf "\nextern const struct table_map %s_table;\n", name
    if (ignored[t, k]) {
        printf "extern const char *const %s_ignored[%d];\n", name, ignored_count[t, k]
    }
    printf "#define %s_TREE .root = &%s_table, .id = \"%s\"", toupper(name), name, columns[t, 1]
    printf key[t] ? ", .key = \"" key[t] "\"" : ""
    printf ignored[t, k] ? ", IGNORED(" name "_ignored)\n" : "\n"
}

END {
    if (failed) {
        exit 1
    }
    print "/* Generated by scripts/maps.awk from schema/. */"
    if (want == "h") {
        print "#ifndef ROLLCALL_MAPS_H\n#define ROLLCALL_MAPS_H\n\n#include \"etl/map.h\""
    } else {
        print "#include \"maps.h\""
    }
    # Children before their parents.
    for (i = tables; i >= 1; i--) {
        t = order[i]
        if (place[t] == "" || (want == "h" && place[t] != "*")) {
            continue
        }
        several = sources[t] > 1
        for (k = several ? 0 : 1; k <= sources[t]; k++) {
            name = several && k ? t "_" source[t, k] : t
            if (want == "c") {
                write_table(t, name, k)
            } else if (k) {
                declare_tree(t, name, k)
            } else {
                printf "\n/* Of all sources. */\nextern const struct table_map %s_table;\n", name
            }
        }
    }
    if (want == "h") {
        print "\n#endif"
    }
}
