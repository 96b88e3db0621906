#!/bin/sh
# `make demo`: a contact centre's days from login to CSV and a page of figures, against the stand-in Genesys Cloud, with
# the run killed on the way. Everything it makes lies in build/demo.
set -eu
cd "$(dirname "$0")/.."

dir=build/demo
config=$dir/rollcall.ini
log=$dir/extract.log
secret=demo-secret
standin=
run=

say() { printf '\n== %s\n' "$*"; }

die() { # what happened, then the file that says why
    printf 'demo: %s:\n' "$1" >&2
    cat "$2" >&2
    exit 1
}

clean_up() {
    trap - EXIT INT TERM HUP
    for pid in $run $standin; do
        kill -9 "$pid" 2>/dev/null || true
    done
}
trap clean_up EXIT
trap 'clean_up; exit 130' INT TERM HUP

hours_ago() { # so many hours ago, in this format of date
    seconds=$(($(date +%s) - $1 * 3600))
    date -u -d "@$seconds" "$2" 2>/dev/null || date -u -r "$seconds" "$2"
}

# One extraction, as cron would start it; prints what it read.
extract() {
    build/rollcall -v -c $config extract 2>$log || die "the extraction failed" $log
    sed -n 's/.*event="window read" reading="\([^"]*\)" pages=\([0-9]*\) rows=\([0-9]*\) new=\([0-9]*\).*/  \1: pages \2, rows \3, new \4/p' $log
}

scripts/deps.sh demo
say "Building"
MAKEFLAGS='' make --no-print-directory -j2 all build/standin

# The account and the proxy of whoever tries this stay out of it.
unset GENESYS_CLIENT_ID GENESYS_CLIENT_SECRET GENESYS_REGION CREDENTIALS_DIRECTORY
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

rm -rf $dir
mkdir -p $dir

say "A stand-in Genesys Cloud: three days and today so far, 1,200 conversations a day, 150 agents"
# Its answers are as of now, without the hours that data are late in life: so all that is read is of one moment.
start=$(hours_ago 72 +%Y-%m-%d)
build/standin --port 0 --port-file $dir/port --seed 2026 --start "$start" --days 4 --per-day 1200 \
    --agents 150 --now real --availability-lag 0 --client-id demo --client-secret $secret \
    --fault latency:ms=250 >$dir/standin.log 2>&1 &
standin=$!
tries=0
until [ -s $dir/port ]; do
    tries=$((tries + 1))
    if [ $tries -gt 300 ] || ! kill -0 $standin 2>/dev/null; then
        die "the stand-in did not start" $dir/standin.log
    fi
    sleep 0.1
done
url=http://127.0.0.1:$(cat $dir/port)
echo "It listens on $url."

(umask 077 && printf '%s\n' $secret >$dir/secret)
cat >$config <<CONFIG
# Written by \`make demo\`. With your own Genesys Cloud: region = ... in place of the two URLs.
[genesys]
login_url = $url
api_url = $url
client_id = demo
client_secret_file = $dir/secret

[database]
path = $dir/rollcall.db

[extract]
start = $start
requests_per_minute = 6000

[export]
directory = $dir/csv
CONFIG

say "rollcall extract --stream conversations, and kill -9 while it reads"
: >$log
build/rollcall -v -c $config extract --stream conversations 2>$log &
run=$!
while kill -0 $run 2>/dev/null && ! grep -q 'window read.*conversations 20' $log; do
    sleep 0.02
done
kill -9 $run 2>/dev/null || die "the run ended before it could be killed" $log
wait $run 2>/dev/null || true
run=
echo "Killed. The file is whole, the days are not:"
build/rollcall --no-pager -c $config query freshness stream=conversations

say "rollcall extract: it goes on at the next page, and reads all else"
extract

say "rollcall export"
build/rollcall -q -c $config export >$dir/export.log 2>&1 || die "the export failed" $dir/export.log
rows() { sed -n "s/.*\"name\": *\"$1\".*\"rows\": *\([0-9]*\).*/\1/p" $dir/csv/manifest.json; }
size() { du -sh "$1" | cut -f1; }
echo "$(ls $dir/csv/*.csv | wc -l | tr -d ' ') files, $(size $dir/csv), and a manifest."

say "rollcall report"
build/rollcall -q -c $config report --out $dir/report.html || die "no report: exit $?" $dir/extract.log
echo "The last whole day on a page."

say "rollcall reconcile: figures of the records beside those that Genesys itself has counted"
build/rollcall --no-pager -q -c $config reconcile 2>$dir/reconcile.log | sed -n '/: [0-9]* figures/{ s/;.*//; p; }'

say "What came of it"
build/rollcall --no-pager -c $config query freshness stream=conversations
cat <<SUMMARY

$dir/rollcall.db ($(size $dir/rollcall.db)) holds
  $(rows conversation) conversations, $(rows participant) participants, $(rows session) sessions, $(rows segment) segments,
  $(rows session_metric) metrics, $(rows participant_attribute) attributes, $(rows user) agents, $(rows queue) queues, $(rows adherence_state) adherence states,
  $(rows user_presence) presences, $(rows schedule_shift) shifts, $(rows adherence_day) days of adherence, $(rows adherence_exception) exceptions, $(rows conversation_aggregate) and
  $(rows user_aggregate) figures that Genesys itself has counted, and the names that all of it speaks of
$dir/csv/ holds the same as CSV, for example
  $dir/csv/v_conversation.csv   one flat row a conversation
  $dir/csv/v_segment.csv        one row a segment, names joined

Try next
  build/rollcall -c $config status
  build/rollcall -c $config query
  build/rollcall -c $config query queue_halfhour --csv
  build/rollcall -c $config query agent_handle_time
  sqlite3 $dir/rollcall.db 'SELECT * FROM v_conversation LIMIT 5'
With your own Genesys Cloud: README.md. To remove all this: make demo-clean

The page, for a browser: file://$(printf %s "$PWD/$dir/report.html" | sed "s/%/%25/g; s/ /%20/g")
SUMMARY
