#!/bin/sh
# Writes the parts of the documentation that come from the program's own lists: exit codes (README.md, docs/rollcall.1),
# streams and their permissions (README.md), limits (docs/limits.md), causes (docs/troubleshooting.md), tables and views
# (docs/data-dictionary.md, docs/recipes/metadata.json), what a night asks for (docs/requests.md). With --check it changes nothing and fails when a page is out of date.
set -eu
cd "$(dirname "$0")/.."
rollcall=${ROLLCALL:-build/rollcall}
check=no
[ "${1:-}" = --check ] && check=yes
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Puts the text of file $3 between the marker line that contains $2 and the next line that contains "end", in page $1.
between() {
    awk -v marker="$2" -v insert="$3" '
        index($0, marker) { print; while ((getline line < insert) > 0) print line; skip = 1; next }
        skip && /^ *(<!-- end -->|\.\\" end)$/ { skip = 0 }
        !skip { print }' "$1" > "$work/page"
    if [ "$check" = yes ]; then
        cmp -s "$work/page" "$1" || { echo "$1 is out of date: run scripts/gen-docs.sh" >&2; exit 1; }
    else
        cmp -s "$work/page" "$1" || cat "$work/page" > "$1"
    fi
}

"$rollcall" --exit-codes > "$work/codes"
{
    echo "| code | name | meaning |"
    echo "|---|---|---|"
    awk -F'\t' '{ printf "| %s | %s | %s |\n", $1, $2, $3 }' "$work/codes"
} > "$work/codes.md"
awk -F'\t' '{ gsub(/-/, "\\-", $3); printf ".TP\n.B %s\n(%s) %s\n", $1, $2, $3 }' "$work/codes" > "$work/codes.1"
"$rollcall" --limits > "$work/limits"
{
    echo "| variable | default | range | limits |"
    echo "|---|---|---|---|"
    awk -F'\t' '{ printf "| `%s` | %s | %s | %s |\n", $1, $2, $3, $4 }' "$work/limits"
} > "$work/limits.md"

"$rollcall" --causes > "$work/causes"
awk -F'\t' '
    function cell(text) { gsub(/\|/, "\\|", text); gsub(/</, "\\&lt;", text); return text }
    $1 != step {
        step = $1
        n++
        printf "\n## %d. %s\n\n| cause | what you see | what it means | remedy | exit code |\n|---|---|---|---|---|\n",
            n, toupper(substr(step, 1, 1)) substr(step, 2)
    }
    { printf "| `%s` | %s | %s | %s | %s |\n", $2, cell($4), cell($5), cell($6), ($3 == 0 ? "" : $3) }
' "$work/causes" > "$work/causes.md"

"$rollcall" --streams | awk -F'\t' '
    { gsub(/[A-Za-z]+(:[A-Za-z]+)+/, "`&`", $3); if (!($3 in of)) order[++n] = $3; of[$3] = of[$3] (of[$3] == "" ? "" : ", ") $1 }
    END {
        print "   | permission | streams |\n   |---|---|"
        for (i = 1; i <= n; i++) printf "   | %s | %s |\n", order[i], of[order[i]]
        print ""
    }
' > "$work/streams.md"

"$rollcall" --requests "users=500 management_units=10 business_units=2 queues=40 conversations=10000 \
evaluation_details=200 survey_details=200" | awk -F'\t' '
    BEGIN { print "| stream | requests | of the example |\n|---|---|---|" }
    { printf "| %s | %s | %d |\n", $1, $2, $3; sum += $3 }
    END { printf "| all | | %d: %.1f minutes |\n", sum, sum / 300 }
' > "$work/requests.md"

LC_ALL=C awk -v want=md -f scripts/tables.awk schema/*.sql > "$work/tables.md"

LC_ALL=C awk -v want=json -f scripts/tables.awk schema/*.sql > "$work/metadata.json"
metadata=docs/recipes/metadata.json
cmp -s "$work/metadata.json" $metadata || {
    [ "$check" = no ] || { echo "$metadata is out of date: run scripts/gen-docs.sh" >&2; exit 1; }
    cp "$work/metadata.json" $metadata
}

between docs/requests.md 'requests: made by' "$work/requests.md"
between docs/data-dictionary.md 'tables: made by' "$work/tables.md"
between README.md 'streams: made by' "$work/streams.md"
between README.md 'exit-codes: made by' "$work/codes.md"
between docs/rollcall.1 'exit-codes: made by' "$work/codes.1"
between docs/limits.md 'limits: made by' "$work/limits.md"
between docs/troubleshooting.md 'causes: made by' "$work/causes.md"
