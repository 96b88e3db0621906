# tables.awk: what tables and views hold, made from the schema's comments.
#
#     awk -v want=md -f scripts/tables.awk schema/*.sql     for people: docs/data-dictionary.md
#     awk -v want=json -f scripts/tables.awk schema/*.sql   the same for Datasette: docs/recipes/metadata.json
#     awk -v want=sql -f scripts/tables.awk schema/*.sql    for the program: the rows of a table `dictionary`
#
# A comment that a blank line follows, at the head of a file, introduces its section; one above a
# table or a view describes it; one behind a column says what it holds, with the API's field in
# brackets. A view's columns stand in its comment, below an empty line of it: names with commas between
# (and remarks in parentheses), two blanks, what they hold, in lines that go on with blanks in front. One
# of which nothing is said holds what the table's column of its name does.
#
# Exported are views (not those whose comment says "Not exported."), tables that the API fills, and
# tables whose comment says "Exported."; "Exported whole." is said of what is not divided into days.

function text_of(line)
{
    sub(/^-- ?/, "", line)
    return line
}

# "[field|other marks] meaning" without what only the maps need; sets `marks`.
function meaning_of(comment,    end, field)
{
    marks = " "
    if (comment ~ /^\[/) {
        end = match(comment, /\] /)
        field = substr(comment, 2, end - 2)
        comment = substr(comment, end + 2)
        if (field ~ /^(personal|key)$/) {
            field = "- " field
        }
        marks = match(field, / /) ? substr(field, RSTART) " " : " "
        comment = comment (marks ~ / (personal|person|note) / ? " (personal)" : "")
        sub(/[| ].*/, "", field)
        sub(/^\^+/, "", field)
        if (field !~ /^[-@]/) {
            comment = "[" field "] " comment
        }
    }
    return comment
}

# What a value counts, by the marks of its map, by what is said of it, by its name.
function unit_of(name, type, meaning)
{
    if (meaning ~ /(^|\] )0\/1/ || marks ~ / 0\/1 /) {
        return "0/1"
    }
    if (marks ~ / json / || meaning ~ /(^|\] )(array|object)[: ]/) {
        return "JSON"
    }
    if (type == "TEXT") {
        return name ~ /^local_(start|end)$|^half_hour$/ ? "local time" : name ~ /(^|_)(day|local_date)$/ ? "day" : \
            marks ~ / (time|from|to|offset[^ ]*) / || (marks ~ /^ (personal )?$/ && meaning !~ /^\[/ && \
            name ~ /(_at|_until|_from|_to|_since|_observed|_start|_end|_date|^missing_since)$/) || name ~ /^utc_/ ? "UTC" : ""
    }
    return name ~ /(^|_)ms$/ ? "ms" : name ~ /(^|_)(seconds|secs)$/ ? "s" : name ~ /(^|_)minutes$/ ? "min" : \
        name ~ /(^|_)hours$/ ? "h" : name ~ /(^|_)days$/ ? "days" : name ~ /(^|_)bytes$/ ? "bytes" : \
        name ~ /_percent(age)?$/ ? "%" : ""
}

# The type of a view's column: that of the tables' columns of this name, where they agree.
function type_of(name, meaning)
{
    return types[name] != "" && types[name] != "?" ? types[name] : meaning ~ /^0\/1/ ? "INTEGER" : \
        name ~ /(^|_)(seconds|percent)$/ || name == "hours" ? "REAL" : name ~ /(_weekday|_hour|^weekday)$/ && name != "half_hour" ? \
        "INTEGER" : name ~ /(^|_)(id|ids|name|names|code|day|start|end|at|from|to|date|type|types|kind|outcome|state|status|month|week)$/ || \
        name ~ /^(half_hour|ani|dnis|scope|metric|qualifier|statistic|verdict|reason|kpi|purpose|direction|stream)$/ ? "TEXT" : "BIGINT"
}

function column(t, name, type, meaning,    n)
{
    n = ++columns[t]
    names[t, n] = name
    column_type[t, n] = type
    meanings[t, n] = meaning
    units[t, n] = unit_of(name, type, meaning)
    personal[t, n] = match(marks, / (personal|person|note) /) ? substr(marks, RSTART + 1, RLENGTH - 2) : ""
    is_key[t, n] = marks ~ / key /
    place[t, name] = n
}

function begin(name, kind)
{
    if (name in at) {
        order[at[name]] = "" # made anew by a migration: the last one counts
    }
    order[++count] = name
    at[name] = count
    section[count] = heading
    heading = ""
    kinds[name] = kind
    columns[name] = 0
    said[name] = comment
    gsub(/Exported\nwhole/, "Exported whole", comment)
    is_exported[name] = kind == "view" ? comment !~ /Not exported\./ : comment ~ /Exported( whole)?\./
    is_whole[name] = comment ~ /Exported whole\./
    comment = ""
}

# A column of a table, from the line at hand.
function table_column(t, name, type,    text)
{
    gsub(/"/, "", name)
    sub(/[,;]$/, "", type)
    text = meaning_of(substr($0, index($0, " -- ") + 4))
    column(t, name, type, text)
    types[name] = types[name] == "" || types[name] == type ? type : "?"
    if (!(name in first)) {
        first[name] = text
        first_unit[name] = units[t, columns[t]]
    }
    if ($0 ~ /PRIMARY KEY/) {
        keys[t] = name
    }
    if (match($0, /REFERENCES [a-z_0-9]+/)) {
        above[t] = substr($0, RSTART + 11, RLENGTH - 11)
    }
}

# The columns of a view, once the names and what they hold are known.
function view_columns(t, list, meaning,    i, n, part, each, remark, text, name)
{
    gsub(/\([^()]*,[^()]*\)/, "", list) # no comma but between names
    n = split(list, part, / *, */)
    text = meaning
    sub(/;.*/, "", text)
    each[1] = "" # "counts of A, B, C": one each
    if (!(text ~ /^(counts|sums) of / && split(substr(text, index(text, " of ") + 4), each, / *, */) == n)) {
        split("", each)
    }
    for (i = 1; i <= n; i++) {
        if (!match(part[i], /^[a-z_0-9]+/)) {
            continue
        }
        name = substr(part[i], 1, RLENGTH)
        remark = substr(part[i], RLENGTH + 1)
        gsub(/^ *\(|\) *$/, "", remark)
        text = meaning
        if (1 in each) {
            text = (meaning ~ /^counts/ ? "count of " : "sum of ") each[i] (match(meaning, /;/) ? substr(meaning, RSTART) : "")
        } else if ((text == "" || text == "key" || (name == "day" && n > 1)) && (name in first)) {
            text = first[name]
        } else if (remark != "") {
            text = text (text == "" ? "" : "; ") remark
        }
        marks = ""
        column(t, name, type_of(name, meaning), text)
        if (units[t, columns[t]] == "" && first_unit[name] ~ /^(UTC|day)$/) {
            units[t, columns[t]] = first_unit[name]
        }
    }
}

function view(t, text,    n, line, i, list, meaning)
{
    n = split(text, line, "\n")
    for (i = 1; i <= n; i++) {
        if (line[i] ~ /^ / && list != "") {
            sub(/^ +/, "", line[i])
            meaning = meaning (meaning == "" ? "" : " ") line[i]
            continue
        }
        if (list !~ /, *$/ || meaning != "") {
            view_columns(t, list, meaning)
            list = meaning = ""
        }
        if (match(line[i], /   *[^ ]/)) {
            meaning = substr(line[i], RSTART + RLENGTH - 1)
            line[i] = substr(line[i], 1, RSTART - 1)
        }
        list = list line[i]
    }
    view_columns(t, list, meaning)
}

FNR == 1 {
    heading = FILENAME
    sub(/.*\/([0-9]+_)?/, "", heading)
    sub(/\.sql$/, "", heading)
    gsub(/_/, " ", heading)
    heading = "\n## " toupper(substr(heading, 1, 1)) substr(heading, 2) "\n"
    comment = ""
}

/^--/ { comment = comment text_of($0) "\n"; next }

/^$/ {
    if (comment != "" && heading != "") {
        heading = heading "\n" comment
    }
    comment = ""
    next
}

/^CREATE TABLE / {
    begin($3, "table")
    table = $3
    is_exported[table] = is_exported[table] || /\( -- \[/
    next
}

/^CREATE VIEW / {
    split_at = index(comment, "\n\n")
    view_text = split_at ? substr(comment, split_at + 2) : ""
    comment = split_at ? substr(comment, 1, split_at) : comment
    begin($3, "view")
    view($3, view_text)
    next
}

/^ALTER TABLE [a-z_0-9]+ ADD COLUMN / { table_column($3, $6, $7) }

table != "" && /^    "?[a-z]/ { table_column(table, $1, $2) }

table != "" && /^    PRIMARY KEY \(/ {
    keys[table] = $0
    gsub(/^.*\(|\).*$/, "", keys[table])
}

/^\)/ { table = "" }

# --- for people ---

# The table whose key begins this one's, less the most; else what it references.
function parent_of(t,    i, other, best)
{
    best = above[t]
    for (i = 1; i <= count; i++) {
        other = order[i]
        if (other != "" && keys[other] != "" && index(keys[t], keys[other] ", ") == 1 && \
            length(keys[other]) > (best == "" ? 0 : length(keys[best]))) {
            best = other
        }
    }
    return best
}

# The diagram of a section's tables: what each is part of, and the tables whose one key it names.
function diagram(from, to,    i, k, t, n, edges, name)
{
    for (i = from; i <= to; i++) {
        t = order[i]
        if (t == "" || !is_exported[t]) {
            continue
        }
        if (parent_of(t) != "") {
            edges = edges "    " parent_of(t) " ||--o{ " t " : has\n"
        }
        for (n = 1; n <= columns[t]; n++) {
            name = names[t, n]
            k = key_of[name]
            if (k != "" && k != t && k != parent_of(t) && k != parent_of(parent_of(t)) && keys[t] != name) {
                edges = edges "    " k " |o--o{ " t " : " name "\n"
            }
        }
    }
    return edges == "" ? "" : "\n```mermaid\nerDiagram\n" edges "```\n"
}

function dictionary_page(    i, k, n, t, text, last)
{
    for (i = 1; i <= count; i++) {
        t = order[i]
        if (t != "" && kinds[t] == "table" && is_exported[t] && keys[t] ~ /_id$/ && keys[t] !~ /,/ && !(keys[t] in key_of)) {
            key_of[keys[t]] = t
        }
    }
    key_of["day"] = "v_day" in at ? "v_day" : ""
    for (i = 1; i <= count; i++) {
        t = order[i]
        if (section[i] != "") {
            for (last = i; last < count && section[last + 1] == ""; last++) {
            }
            printf "%s%s", section[i], diagram(i, last)
        }
        if (t == "") {
            continue
        }
        printf "\n### %s\n\n%s\n| column | type | unit | meaning |\n|---|---|---|---|\n", t, said[t]
        for (n = 1; n <= columns[t]; n++) {
            text = meanings[t, n]
            gsub(/\|/, "\\|", text)
            print "| " names[t, n] " | " column_type[t, n] " | " units[t, n] " | " text " |"
        }
    }
    print ""
}

# --- for the program ---

function quoted(text)
{
    gsub(/'/, "''", text)
    gsub(/\n/, " ", text)
    sub(/ +$/, "", text)
    return text == "" ? "NULL" : "'" text "'"
}

function dictionary_table(    i, n, t)
{
    print "CREATE TEMP TABLE dictionary (relation TEXT, kind TEXT, is_exported INTEGER, is_whole INTEGER, position INTEGER,"
    print "    name TEXT, type TEXT, unit TEXT, personal TEXT, is_key INTEGER, description TEXT, PRIMARY KEY (relation, position)) WITHOUT ROWID;"
    for (i = 1; i <= count; i++) {
        t = order[i]
        if (t == "") {
            continue
        }
        print "INSERT INTO dictionary SELECT " quoted(t) ", " quoted(kinds[t]) ", " (is_exported[t] + 0) ", " \
            (is_whole[t] + 0) ", * FROM (VALUES\n(0, NULL, NULL, NULL, NULL, 0, " quoted(said[t]) ")"
        for (n = 1; n <= columns[t]; n++) {
            print ", (" n ", " quoted(names[t, n]) ", " quoted(column_type[t, n]) ", " quoted(units[t, n]) ", " \
                quoted(personal[t, n]) ", " is_key[t, n] ", " quoted(meanings[t, n]) ")"
        }
        print ");"
    }
}

function escaped(text)
{
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    gsub(/\n/, " ", text)
    sub(/ +$/, "", text)
    return "\"" text "\""
}

function metadata(    i, n, t, between)
{
    print "{\n  \"title\": \"rollcall\",\n  \"databases\": {\"rollcall\": {\"tables\": {"
    for (i = 1; i <= count; i++) {
        t = order[i]
        if (t == "") {
            continue
        }
        printf "%s    %s: {\"description\": %s, \"columns\": {", between, escaped(t), escaped(said[t])
        for (n = 1; n <= columns[t]; n++) {
            printf "%s\n      %s: %s", n == 1 ? "" : ",", escaped(names[t, n]), escaped(meanings[t, n])
        }
        printf "}}"
        between = ",\n"
    }
    print "\n  }}}\n}"
}

END {
    if (want == "json") {
        metadata()
    } else if (want == "sql") {
        dictionary_table()
    } else {
        dictionary_page()
    }
}
