#!/bin/sh
# The night: `rollcall extract`, then, where all or some of it was read, CSV files, a snapshot and a page of figures for
# those who read.
#   night [OPTION]...   options that stand before a command of rollcall: -c FILE, -v
# Started by rollcall.service and the cron line, in the directory that csv/, snapshot/ and report.html
# belong into. Ends as extract did, so that a night of which something is missing is seen; else as what followed did.
rollcall=/usr/local/bin/rollcall
umask 027
stopped=
trap 'stopped=yes' TERM INT # the program at work is told too: it ends by itself, and this with it

"$rollcall" "$@" extract
status=$?
if [ $status -eq 10 ]; then # nothing was read: a look at real-time adherence, say, was under way
    sleep 60
    [ -n "$stopped" ] || { "$rollcall" "$@" extract; status=$?; }
fi
case $status in
0 | 6 | 11 | 13)
    "$rollcall" "$@" export --out csv || after=$?
    [ -n "$stopped" ] || { mkdir -p snapshot && "$rollcall" "$@" snapshot snapshot/rollcall.db; } || after=$?
    [ -n "$stopped" ] || "$rollcall" "$@" report --out report.html || after=$?
    [ $status -ne 0 ] || status=${after:-0}
    ;;
esac
exit $status
