#!/bin/sh
# completions.sh bash|zsh PROGRAM SCHEMA_DIR
# Prints a completion script. Everything in it is taken from PROGRAM's own lists of commands, streams and queries and
# from the tables and views of SCHEMA_DIR, so a new command, option, stream, query or table needs nothing here.
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
    "$program" --commands | awk -F '\t' -v OFS='\t' '
        $1 == "option"
        $1 == "command" { print $1, $2, $4 }
        $1 == "command" && $3 ~ /TABLE/ { print "argument", $2, "tables" }
        $1 == "command" && $3 ~ /KEY=VALUE/ { print "argument", $2, "queries" }
        $1 == "command" && $3 ~ /^\[?FILE/ { print "argument", $2, "files" }
        $1 == "command" && $3 ~ /^\[?DIR/ { print "argument", $2, "directories" }'
    "$program" --streams | awk '{ print "stream\t" $1 }'
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
