# tables.awk: the reference of tables and views (docs/tables.md), made from the schema's comments.
#
#     awk -f scripts/tables.awk schema/*.sql
#
# A comment that a blank line follows, at the head of a file, introduces its section; one above a
# table or a view describes it; one behind a column says what it holds, with the API's field in
# brackets. A view's columns stand in its comment, below an empty line of it.

function text_of(line)
{
    sub(/^-- ?/, "", line)
    return line
}

# "[field|other marks] meaning" without what only the maps need.
function meaning_of(comment,    end, field)
{
    if (comment ~ /^\[/) {
        end = match(comment, /\] /)
        field = substr(comment, 2, end - 2)
        comment = substr(comment, end + 2)
        sub(/[| ].*/, "", field)
        sub(/^\^+/, "", field)
        if (field !~ /^[-@]/) {
            comment = "[" field "] " comment
        }
    }
    gsub(/\|/, "\\|", comment)
    return comment
}

function column(table, name, type,    at)
{
    gsub(/"/, "", name)
    sub(/[,;]$/, "", type)
    at = index($0, " -- ")
    body[table] = body[table] "| " name " | " type " | " meaning_of(substr($0, at + 4)) " |\n"
}

function begin(name,    i)
{
    for (i = 1; i <= count; i++) {
        if (order[i] == name) {
            order[i] = "" # made anew by a migration: the last one counts
        }
    }
    order[++count] = name
    section[count] = heading
    heading = ""
    described[name] = comment
    comment = ""
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
    begin($3)
    body[$3] = "\n| column | type | meaning |\n|---|---|---|\n"
    table = $3
    next
}

/^CREATE VIEW / {
    at = index(comment, "\n\n")
    columns = substr(comment, at + 2)
    comment = substr(comment, 1, at)
    begin($3)
    body[$3] = "\n```\n" columns "```\n"
    next
}

/^ALTER TABLE [a-z_0-9]+ ADD COLUMN / { column($3, $6, $7) }

table != "" && /^    "?[a-z]/ { column(table, $1, $2) }

/^\)/ { table = "" }

END {
    for (i = 1; i <= count; i++) {
        if (order[i] == "") {
            printf "%s", section[i]
            continue
        }
        printf "%s\n### %s\n\n%s%s", section[i], order[i], described[order[i]], body[order[i]]
    }
    print ""
}
