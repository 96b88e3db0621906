# maps.awk: the maps of src/etl/map.h, made from the schema, where each column is written once.
#
#     awk -v want=h -f scripts/maps.awk schema/*.sql    a header: the maps of roots, and their trees
#     awk -v want=c -f scripts/maps.awk schema/*.sql    the maps; -v name=maps: what they are called
#
# A table that the API fills says where its rows sit, from the entity on; the tables of an entity
# follow its root:
#
#     CREATE TABLE user ( -- [* not selfUri]            an entity; fields known not to be data
#     CREATE TABLE visit ( -- [* days[].visits[]]       a root too: each element of nested arrays
#     CREATE TABLE place ( -- [* gone:left_at]          since when readings lack it; else deleted_at
#     CREATE TABLE segment ( -- [sessions[].segments[]] elements of an array; x: an object; x{}: the
#                                                       members of one; `attributes`: HASH_ATTRIBUTES
#
# `changes TABLE` of an entity: where each field that changes leaves a row; `owes TABLE`: what takes the
# keys of those of a page that are written, so that what is derived from them is made anew.
#
# A column says which field it holds, and how, where its type does not say that already:
#
#     conversation_end TEXT, -- [conversationEnd time] when the last participant left
#
#     a|b           the first of them that is there
#     ^x ^^x        a field one level up, two levels up: of the object whose array (object, member) the
#                   row is in, then of that object's; the last level, above the entity, is the answer
#     x[]           the element itself; x{key} x{value} name and value of a member
#     @start @end   of TEXT: the window's bounds as instants; @zone its time zone, @day its date there,
#     @zone @day    @scope the part of the organization that was asked for (a management unit), @parent
#     @scope ...    what that is part of; never in the row's hash
#     x[0].y        of the first element of the array x
#     time json     of TEXT: an instant; an array or object as it is
#     offset        of TEXT: seconds from the window's start, as an instant; offset:^x from the field x
#     in:^x         of TEXT: the value of the member of the object x that the field names; with json
#                   of each that an array names
#     from to       of TEXT: the instants of an interval a/b
#     upper-snake   of TEXT: ON_QUEUE becomes OnQueue
#     0/1           of INTEGER: a boolean
#     id id?        of a root's TEXT: part of its own id; id?: one that may be absent, '' then
#     moment        a change of it alone counts for nothing
#     personal      personal data: erased where it is a person's (etl/erase.h). person: so, and an id that the
#     person note   person is known by; note: so, and about the whole conversation; whose: the conversation
#     whose         that the row is of. A column of ours is marked by [personal] alone
#     [key]         of a column of ours: a number of ours for what the UNIQUE columns of its table, or of the
#                   one that it REFERENCES, name; exports have those in its place
#     -             no field
#
# A field may fill several columns, one as it is and one each as offset, from and to. Where no column
# has `id`, the root's first mapped one is its id. Children of a root with several need a key of ours.
# Columns without brackets are ours: keys (INTEGER PRIMARY KEY) and ordinals (*_no) in front, row_*
# behind. ALTER TABLE t ADD COLUMN adds one in a line.
#
# Where several sources fill one table, the table names them ([wfm: *] [other: * not x]), brackets
# without a name are the first one's, those of others stand behind them or in lines below; type and
# `moment` are the first one's. Their maps are t_SOURCE; t itself is all the columns there are.
#
# `persons:FIELD=VALUE|VALUE` of a table: rows whose field has one of the values are persons of outside.
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
        if (word[i] ~ /\[\]$/ && i == 2 && word[1] == "*" && source[t, k] == "") {
            nested[t] = word[i]
        } else if (word[i] == "not" && i < count) {
            for (i++; i <= count; i++) {
                ignored[t, k] = ignored[t, k] "    \"" word[i] "\",\n"
                ignored_count[t, k]++
            }
        } else if (word[i] == "changes" && i < count && word[1] == "*") {
            changes[t] = word[++i]
        } else if (word[i] == "owes" && i < count && word[1] == "*") {
            owes[t] = word[++i]
        } else if (word[i] == "attributes" && word[1] ~ /\{\}$/) {
            is_attributes[t] = 1
        } else if (word[i] ~ /^persons:[A-Za-z]+=[a-z|]+$/) {
            persons[t] = substr(word[i], 9)
        } else if (word[i] ~ /^gone:[a-z_]+$/ && word[1] == "*") {
            gone[t] = substr(word[i], 6)
        } else {
            fail(here, "unknown mark of a table: " word[i])
        }
    }
}

# Where the rows of a table sit, once its ordinals are known: sets parent, rows, shape and depth.
function place_table(t,    i, above, prefix, steps, form)
{
    if (place[t] == "*") {
        root = t
        rows[t] = nested[t]
        depth[t] = gsub(/\[\]/, "[]", nested[t])
        sub(/^.*\[\]\./, "", rows[t])
        sub(/\[\]$/, "", rows[t])
        shape[t] = "ARRAY"
        if (nested[t] != "" && ("." nested[t]) !~ /^((\.[A-Za-z][A-Za-z0-9_]*)+\[\])+$/) {
            fail(here, "no nested arrays: " nested[t])
        }
        return
    }
    if (root == "" || sources[root] > 1) {
        fail(here, t ": no entity above it")
    }
    if (ids[root] > 1 && key[root] == "") {
        fail(here, t ": its root " root " has several ids and no key of ours")
    }
    if (nested[root] != "" && index(place[t], nested[root] ".") != 1) {
        fail(here, t " is not in the rows of its root, " nested[root])
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
    above = parent[t] == root ? nested[root] : place[parent[t]]
    rows[t] = above == "" ? place[t] : substr(place[t], length(above) + 2)
    depth[t] = depth[parent[t]] + 1
    shape[t] = rows[t] ~ /\[\]$/ ? "ARRAY" : rows[t] ~ /\{\}$/ ? "MEMBERS" : "OBJECT"
    sub(/(\[\]|\{\})$/, "", rows[t])
    if (rows[t] ~ /[]}[{]/ || rows[t] == "") {
        fail(here, "no table above it has the rows that hold " place[t])
    }
    form = place[t]
    steps = gsub(/\[\]/, "", form) - depth[root]
    if (ordinals[t] != steps) {
        fail(here, t " has " ordinals[t] + 0 " ordinals, its place " steps " arrays")
    }
    child_list[parent[t]] = child_list[parent[t]] "    &" t "_table,\n"
    child_count[parent[t]]++
}

# A path without the '^' in front, which must not lead above the answer.
function below(t, path,    up)
{
    up = match(path, /[^^]/) - 1
    if (up > depth[t] + 1) {
        fail(here, path " leads above the answer")
    }
    return substr(path, up + 1)
}

# The path of a bracket, for source k of column n of table t.
function set_path(t, n, k, path,    alternatives, count, i, use)
{
    count = split(below(t, path), alternatives, "|")
    use = types[t, n] ~ /^(OFFSET|FROM|TO)$/ ? types[t, n] : ""
    use = use " " base[t, n] " " substr(path, 1, length(path) - length(below(t, path)))
    for (i = 1; i <= count; i++) {
        if (alternatives[i] !~ /^([A-Za-z][A-Za-z0-9_]*(\[0\])?\.)*[A-Za-z][A-Za-z0-9_]*$/ || (t, k, use, alternatives[i]) in taken) {
            fail(here, alternatives[i] " is " ((t, k, use, alternatives[i]) in taken ? "mapped twice" : "no path"))
        }
        taken[t, k, use, alternatives[i]] = 1
    }
    paths[t, n, k] = path
}

# What the window says: @start and the like.
function set_fact(t, n, k, fact)
{
    if (fact !~ /^@(start|end|zone|day|scope|parent)$/ || types[t, n] != "TEXT" || k > 1) {
        fail(here, "nothing that a window says, or not of this type or source: " fact)
    }
    from[t, n] = toupper(substr(fact, 2))
    moment[t, n] = 1
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

# Where an offset counts from, or a name is looked up: alternatives, each with its own levels.
function set_base(t, n, path,    alternatives, count, i)
{
    count = split(path, alternatives, "|")
    if (count < 1 || count > 2) {
        fail(here, path " is no path")
    }
    for (i = 1; i <= count; i++) {
        if (below(t, alternatives[i]) !~ /^[A-Za-z][A-Za-z0-9_.]*$/) {
            fail(here, alternatives[i] " is no path")
        }
    }
    base[t, n] = path
}

function set_mark(t, n, k, mark)
{
    if (mark == "upper-snake" && types[t, n] == "TEXT") {
        upper[t, n, k] = 1
    } else if (k > 1) {
        fail(here, "of another source only: path, upper-snake; not " mark)
    } else if (mark == "moment") {
        moment[t, n] = 1
    } else if (mark ~ /^(time|json|offset|from|to)$/ && types[t, n] == "TEXT") {
        types[t, n] = toupper(mark)
    } else if (mark ~ /^offset:/ && types[t, n] == "TEXT") {
        types[t, n] = "OFFSET"
        set_base(t, n, substr(mark, 8))
    } else if (mark ~ /^in:/ && types[t, n] ~ /^(TEXT|JSON)$/) {
        lookup[t, n] = 1
        set_base(t, n, substr(mark, 4))
    } else if (mark ~ /^id\??$/ && place[t] == "*" && types[t, n] !~ /^(INT|REAL)$/) {
        ids[t]++
        id[t, n] = mark
    } else if (mark == "personal" || (mark ~ /^(person|note|whose)$/ && types[t, n] ~ /^(TEXT|JSON)$/)) {
        personal[t, n] = toupper(mark)
    } else if (mark == "within" && types[t, n] == "TIME" && place[t] == "*") {
        within[t, n] = 1
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
        for (i = 2; i <= count; i++) {
            set_mark(t, n, k, word[i])
        }
        if (word[1] ~ /^@/) {
            set_fact(t, n, k, word[1])
        } else if (word[1] ~ /[]}]$/) {
            set_part(t, n, word[1])
        } else if (word[1] != "-") {
            set_path(t, n, k, word[1])
        }
    }
}

# The line of a column: `    NAME TYPE..., -- comment`.
function column(t, name, type,    at, line)
{
    gsub(/"/, "", name)
    at = index($0, " -- ")
    if (!at) {
        fail(here, name " has no comment")
    }
    rest = substr($0, at + 4)
    sub(/[,;]$/, "", type)
    if (rest !~ /^\[/ || rest ~ /^\[(personal|key)\] /) {
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
    if (++mapped[t] == 1) {
        line = here
        here = opened[t]
        place_table(t)
        here = line
    }
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
        if (place[table] == "*" && !ids[table]) {
            if (types[table, 1] ~ /^(INT|REAL|BOOL)$/) {
                fail(here, columns[table, 1] " is no text, so no id")
            }
            ids[table]++
            id[table, 1] = "id"
        }
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

table != "" && /^    "?[a-z]/ {
    column(table, $1, $2)
    next
}

# Further brackets of the table or the column above.
table != "" && /^ +-- \[/ {
    rest = $0
    sub(/^ +-- /, "", rest)
    if (place[table] == "") {
        fail(here, table " does not say where its rows sit")
    }
    brackets(table)
    next
}

/-- ?\[/ { fail(here, "a bracket where no column is read: four blanks and its name, or ALTER TABLE .. ADD COLUMN") }

# The columns of a table as source k has them; k = 0: all.
function write_columns(t, name, k,    n, flags, path)
{
    printf "\nstatic const struct column_map %s_columns[] = {\n", name
    for (n = 1; n <= mapped[t]; n++) {
        path = paths[t, n, k ? k : 1]
        if (k && path == "" && from[t, n] == "FIELD") {
            continue
        }
        flags = id[t, n] == "id" ? "COLUMN_REQUIRED" : id[t, n] == "id?" ? "COLUMN_OR_NONE" : ""
        flags = flags (moment[t, n] ? (flags ? " | " : "") "COLUMN_UNHASHED" : "")
        flags = flags (lookup[t, n] ? (flags ? " | " : "") "COLUMN_LOOKUP" : "")
        flags = flags (within[t, n] ? (flags ? " | " : "") "COLUMN_WITHIN" : "")
        flags = flags (personal[t, n] ? (flags ? " | " : "") "COLUMN_" personal[t, n] : "")
        flags = flags (upper[t, n, k ? k : 1] ? (flags ? " | " : "") "COLUMN_UPPER_SNAKE" : "")
        printf "    {\"%s\", \"%s\", COLUMN_%s, SOURCE_%s, %s, %s},\n", columns[t, n], path, types[t, n],
            from[t, n], flags ? flags : "0", base[t, n] ? "\"" base[t, n] "\"" : "NULL"
    }
    print "};"
}

function write_table(t, name, k,    part)
{
    write_columns(t, name, k)
    if (child_count[t]) {
        printf "static const struct table_map *const %s_children[] = {\n%s};\n", name, child_list[t]
    }
    printf "%sconst struct table_map %s_table = {\n", place[t] == "*" ? "" : "static ", name
    printf "    .table = \"%s\",\n", t
    if (rows[t] != "") {
        printf "    .rows = \"%s\",\n    .shape = ROWS_%s,\n", rows[t], shape[t]
    }
    if (place[t] != "*" && shape[t] == "ARRAY") {
        printf "    .ordinal = \"%s\",\n", ordinal[t]
    }
    if (is_attributes[t]) {
        print "    .hash_part = HASH_ATTRIBUTES,"
    }
    if (persons[t]) {
        split(persons[t], part, "=")
        gsub(/\|/, " ", part[2])
        printf "    .person_field = \"%s\",\n    .person_words = \"%s\",\n", part[1], part[2]
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

# The objects that hold a nested root, innermost first.
function write_holders(t, name,    arrays, i)
{
    for (i = split(nested[t], arrays, /\[\]\.?/) - 1; i >= 1; i--) {
        printf "static const struct table_map *const %s_held_%d[] = {&%s_table};\n", name, i,
            i == depth[t] ? name : name "_holder_" (i + 1)
        printf i == 1 ? "const struct table_map %s_top = {" : "static const struct table_map %s_holder_" i "_table = {", name
        printf ".table = \"\", .rows = \"%s\", .shape = ROWS_ARRAY, CHILDREN(%s_held_%d)};\n",
            arrays[i - 1], name, i
    }
}

# The columns that make a root's own id.
function write_ids(t, name,    n)
{
    printf "const char *const %s_ids[] = {\n", name
    for (n = 1; n <= mapped[t]; n++) {
        printf id[t, n] ? "    \"" columns[t, n] "\",\n" : ""
    }
    print "};"
}

# What a stream writes into its struct tree_map.
function declare_tree(t, name, k)
{
    printf "\nextern const struct table_map %s_table;\n", name
    printf "extern const char *const %s_ids[%d];\n", name, ids[t]
    printf depth[t] ? "extern const struct table_map %s_top;\n" : "", name
    if (ignored[t, k]) {
        printf "extern const char *const %s_ignored[%d];\n", name, ignored_count[t, k]
    }
    printf "#define %s_TREE .root = &%s_table, IDS(%s_ids)", toupper(name), name, name
    printf depth[t] ? ", .top = &" name "_top" : ""
    printf gone[t] ? ", .gone = \"" gone[t] "\"" : ""
    printf key[t] ? ", .key = \"" key[t] "\"" : ""
    printf changes[t] ? ", .changes = \"" changes[t] "\"" : ""
    printf owes[t] ? ", .owes = \"" owes[t] "\"" : ""
    printf ignored[t, k] ? ", IGNORED(" name "_ignored)\n" : "\n"
}

END {
    if (failed) {
        exit 1
    }
    print "/* Generated by scripts/maps.awk from schema/. */"
    header = name ? name : "maps"
    if (want == "h") {
        guard = "ROLLCALL_" toupper(header) "_H"
        print "#ifndef " guard "\n#define " guard "\n\n#include \"etl/map.h\""
    } else {
        print "#include \"" header ".h\""
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
                if (k && place[t] == "*") {
                    write_holders(t, name)
                    write_ids(t, name)
                }
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
