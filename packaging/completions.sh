#!/bin/sh
# completions.sh bash|zsh PROGRAM SCHEMA_DIR
# Prints a completion script. Everything in it is taken from PROGRAM's own --help and list of queries and from the
# tables and views of SCHEMA_DIR, so a new command, option, stream, query or table needs nothing here.
set -eu
LC_ALL=C
export LC_ALL
[ $# -eq 3 ] || { sed -n '2s/^# /usage: /p' "$0" >&2; exit 2; }
shell=$1
program=$2
schema=$3
here=$(dirname "$0")
case $program in */*) ;; *) program=./$program ;; esac

# What PROGRAM says of itself, a fact a line, separated by tabs:
#   command NAME SUMMARY          option COMMAND-or-empty SHORT LONG VALUE TEXT
#   argument COMMAND KIND         stream NAME
#   query NAME TITLE              parameter QUERY KEY TEXT
#   table NAME
facts() {
    list=$("$program" --help | awk '/^commands:/ { on = 1; next } on && /^ *$/ { exit } on')
    [ -n "$list" ]
    printf '%s\n' "$list" | awk '{ name = $1; sub(/^ *[^ ]+ +/, ""); print "command\t" name "\t" $0 }'
    "$program" --help | awk -v command= -f "$here/help.awk"
    for command in $(printf '%s\n' "$list" | awk '{ print $1 }'); do
        "$program" "$command" --help | awk -v command="$command" -f "$here/help.awk"
    done
    "$program" query | awk '
        { text = $0 }
        /^[a-z]/ { name = $1; sub(/^[^ ]+ - /, "", text); print "query\t" name "\t" text }
        /^    [a-z_]+= / {
            sub(/^ *[^ ]+ +/, "", text)
            sub(/[;,] default:.*/, "", text)
            print "parameter\t" name "\t" $1 "\t" text
        }'
    awk '/^CREATE (TABLE|VIEW) / { print "table\t" $3 }' "$schema"/*.sql
}

known=$(facts)
printf '%s\n' "$known" | awk -f "$here/$shell.awk"
