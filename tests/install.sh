#!/bin/sh
# Follows the README from the sources to a working timer and past the package's purge, in a system
# of its own: systems.sh calls it there, as root. The commands are the README's; where a chroot has
# no systemd at work, a unit is run by hand as its file says. Ends at the first thing that is wrong.
set -eu
cd "$(dirname "$0")/.."
[ "${1:-}" = --throw-away ] || { echo "install.sh: changes the system it runs in; see systems.sh" >&2; exit 2; }

say() { printf 'install: %s\n' "$*"; }
die() {
    printf 'install: FAILED: %s\n' "$*" >&2
    exit 1
}
clean() {
    dpkg --purge rollcall >/dev/null 2>&1 || :
    rm -rf /etc/rollcall /var/lib/rollcall /var/log/rollcall /etc/cron.d/rollcall /home/ann/* /tmp/port /tmp/other
}
trap '[ $? -eq 0 ] || echo "install: ended early, after what is said above" >&2; kill $standin 2>/dev/null || :; clean' EXIT
standin=

block() { # TEXT: the README's block of commands that holds it
    awk -v text="$1" '/^```/ { if (inside && index(block, text)) printf "%s", block; inside = !inside; block = ""; next }
        inside { block = block $0 "\n" }' README.md | grep . || die "the README has no block with: $1"
}

follow() { # TEXT: runs that block; `rollcall init` gets its answers, and no timer starts where no systemd is at work
    block "$1" | sed "s|^rollcall init\$|rollcall init $ANSWERS <$SECRET|; s|/usr/local/|$prefix/|; s/ --now//" >/tmp/block
    [ -s /tmp/block ] || exit 1
    sed 's/^/  $ /' /tmp/block
    sh -e /tmp/block || die "exit $? of the lines above"
}

as() { # USER DIRECTORY COMMAND...: without this shell's environment
    user=$1 directory=$2
    shift 2
    (cd "$directory" && umask 022 && exec setpriv --reuid "$user" --regid "$user" --init-groups env -i \
        PATH=/usr/local/bin:/usr/bin:/bin HOME="$(getent passwd "$user" | cut -d: -f6)" "$@")
}

setting() { sed -n "s/^$2=//p" "$1"; } # FILE KEY

unit() { # NAME: runs a service as its file says
    file=
    for directory in /usr/local/lib/systemd/system /usr/lib/systemd/system; do
        [ ! -f $directory/$1.service ] || file=$directory/$1.service
    done
    user=$(setting "$file" User)
    credential=$(setting "$file" LoadCredential)
    given=/run/credentials/$1.service
    install -d -m 500 -o "$user" "$given"
    install -m 400 -o "$user" "${credential#*:}" "$given/${credential%%:*}"
    say "$1: $(setting "$file" ExecStart)"
    as "$user" "$(setting "$file" WorkingDirectory)" CREDENTIALS_DIRECTORY="$given" \
        sh -c "umask $(setting "$file" UMask) && exec $(setting "$file" ExecStart)" >/tmp/unit 2>&1 ||
        die "exit $?: $(cat /tmp/unit)"
    rm -rf "$given"
}

is() { # PATH OWNER:GROUP:MODE
    [ "$(stat -c %U:%G:%a "$1")" = "$2" ] || die "$1 is $(stat -c %U:%G:%a "$1"), not $2"
}

refused() { # what must not succeed
    ! "$@" >/tmp/refused 2>&1 || die "this succeeded: $*"
}

night() { # what the timer starts, and what it leaves for whom
    follow 'systemctl enable'
    [ "$(systemctl is-enabled rollcall.timer rollcall-adherence.timer | sort -u)" = enabled ] || die "a timer is not enabled"
    is /etc/rollcall root:rollcall:750
    is /etc/rollcall/rollcall.ini root:rollcall:640
    is /etc/rollcall/client_secret root:rollcall:600
    is /var/lib/rollcall rollcall:rollcall:750
    for service in rollcall-check rollcall rollcall-adherence; do
        unit $service
    done
    [ -z "$(find /var/lib/rollcall ! -user rollcall -o -perm /007)" ] || die "not the user's alone: $(ls -lR /var/lib/rollcall)"
    is /var/lib/rollcall/rollcall.db rollcall:rollcall:640
    rows='SELECT count(*) > 100 FROM v_conversation'
    [ "$(as ann / sqlite3 /var/lib/rollcall/snapshot/rollcall.db "$rows")" = 1 ] || die "the analyst does not read the snapshot"
    as ann / head -n 2 /var/lib/rollcall/csv/v_conversation.csv >/tmp/csv
    as ann / grep -q '<h2.*At a glance' /var/lib/rollcall/report.html || die "the analyst does not read the report"
    refused as ann / touch /var/lib/rollcall/mine
    refused as ann / cat /etc/rollcall/client_secret
    as rollcall /root rollcall status || die "status by the services' user: exit $?"
    follow 'chown rollcall'
    as rollcall /var/lib/rollcall rollcall check >/tmp/unit 2>&1 || { cat /tmp/unit; die "check by the services' user"; }
    sed -n 's/^[0-9*].* rollcall  \(cd .*\)/\1/p' /etc/cron.d/rollcall >/tmp/cron
    [ "$(wc -l </tmp/cron)" = 2 ] || die "/etc/cron.d/rollcall has not two lines"
    while read -r line; do
        mail=$(as rollcall / LOG=/var/log/rollcall/rollcall.log sh -c "$line" 2>&1 </dev/null)
        [ -z "$mail" ] || die "cron would mail: $mail"
    done </tmp/cron
    unit rollcall-check
}

say "what a machine has: systemd, cron, a shell for SQLite, a user, an analyst to be"
export DEBIAN_FRONTEND=noninteractive
apt-get -q update >/tmp/log 2>&1 && apt-get -q -y install --no-install-recommends systemd cron sqlite3 >>/tmp/log 2>&1 || die "$(cat /tmp/log)"
getent passwd ann >/dev/null || useradd -m ann
clean

say "from the sources"
prefix=/usr/local ANSWERS='' SECRET=/tmp/secret
follow 'make install'
scripts/deps.sh demo
make --no-print-directory build/standin
yesterday=$(date -u -d yesterday +%Y-%m-%d)
build/standin --port 0 --port-file /tmp/port --start "$yesterday" --days 2 --per-day 200 --agents 10 --now real \
    --client-id 7c1a5d40-0000-4000-8000-000000000001 --client-secret THE-CLIENTS-SECRET >/tmp/standin 2>&1 &
standin=$!
until [ -s /tmp/port ]; do kill -0 $standin || die "the stand-in did not start"; done
echo THE-CLIENTS-SECRET >$SECRET
ANSWERS="--region http://127.0.0.1:$(cat /tmp/port) --client-id 7c1a5d40-0000-4000-8000-000000000001 --start $yesterday --timezone UTC"

say "as a user, in a directory of her own: steps 3 and 4"
# shellcheck disable=SC2086 # a list of options
as ann /home/ann rollcall init $ANSWERS <$SECRET || die "init: exit $?"
as ann /home/ann rollcall extract && as ann /home/ann rollcall status || die "exit $?"
[ "$(as ann /home/ann sqlite3 rollcall.db 'SELECT count(*) > 100 FROM v_conversation')" = 1 ] || die "no conversations"

say "every night"
follow systemd-sysusers
usermod -a -G rollcall ann
install -d -o ann /tmp/other
# shellcheck disable=SC2086
(cd /tmp/other && rollcall -c rollcall.ini init $ANSWERS <$SECRET) >/tmp/log
rollcall -c /tmp/other/rollcall.ini extract --stream users 2>&1 | grep -q 'root runs this' || die "root is not warned"
night
systemctl disable rollcall.timer rollcall-adherence.timer
make --no-print-directory uninstall >/tmp/log
clean

say "from the package"
prefix=/usr
follow 'make deb'
is /etc/rollcall/rollcall.ini root:rollcall:640
refused sh -c "rollcall init $ANSWERS <$SECRET"
ANSWERS="$ANSWERS --force"
night
rows=$(as rollcall /var/lib/rollcall sqlite3 rollcall.db 'SELECT count(*) FROM conversation')
apt-get -q -y purge rollcall >/tmp/log 2>&1 || die "$(cat /tmp/log)"
[ "$(sqlite3 /var/lib/rollcall/rollcall.db 'SELECT count(*) FROM conversation')" = "$rows" ] || die "purging took the database"
left=$(grep -rlF THE-CLIENTS-SECRET /etc /var /run /usr/lib /usr/share || :)
[ -z "$left" ] && [ ! -e /etc/rollcall ] && [ ! -e /var/log/rollcall ] || die "purging left the secret: $left"
say "done: every step of it"
