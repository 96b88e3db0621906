#!/bin/sh
# Tries this tree on other systems, in each from nothing: the README's way to a nightly run (install.sh), `make demo`,
# `make check` and `make lint`; then `make check` again, by a user who is not root, without a network, under nohup.
#   systems.sh [CODENAME...]   Debian releases; without one, 12 (bookworm) and 13 (trixie)
# What is committed is cloned into a system below build/systems, to a place that others may not
# enter, with a blank in its name. The systems are kept, with the packages they got, for the next
# time; remove build/systems to begin from nothing. Needs root, the network and Debian's keyring.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'systems: %s\n' "$*"; }
die() {
    printf 'systems: %s\n' "$*" >&2
    exit 1
}

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
PLACE='/root/roll call'
TARGETS=${TARGETS:-install demo check lint alone}
INSIDE='PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8'

# Everything is mounted in a mount namespace of our own, and run in a process namespace of our own:
# however this ends, the kernel unmounts all and ends all, and nobody else ever sees a mount.
if [ "${1:-}" != --inside ]; then
    [ "$(id -u)" -eq 0 ] || die "needs root, to set up a system of its own"
    [ -r $KEYRING ] || die "$KEYRING is missing (package debian-archive-keyring)"
    command -v unshare >/dev/null || die "unshare is missing (package util-linux)"
    scripts/deps.sh systems
    exec unshare --mount --propagation private --pid --fork --kill-child sh "$0" --inside "$@"
fi
shift

# The machine's own source of Debian, from which the other releases are derived.
mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' 'Label: Debian' | sed -n 1p
}

# A system that was left half made is made anew.
make_system() { # CODENAME ROOT
    [ ! -e "$2.ready" ] || return 0
    uri=$(mirror)
    [ -n "$uri" ] || die "apt knows no source of Debian to derive $1 from"
    say "$1: debootstrap into $2"
    rm -rf "$2"
    debootstrap --variant=minbase --keyring=$KEYRING --include=make,ca-certificates "$1" "$2" "$uri" ||
        die "$1: debootstrap failed"
    : >"$2.ready"
}

enter() { # ROOT COMMAND...: runs it in the system, without this machine's environment
    root=$1
    shift
    # shellcheck disable=SC2086 # a list of settings
    env -i $INSIDE ${http_proxy:+http_proxy="$http_proxy"} ${JOBS:+JOBS="$JOBS"} chroot "$root" "$@"
}

mount_system() { # ROOT
    mount -t proc proc "$1/proc"
    mount -t sysfs -o ro sysfs "$1/sys"
    mount --rbind /dev "$1/dev"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$1/dev/pts"
    mount --bind "$1/dev/pts/ptmx" "$1/dev/ptmx"
    cp /etc/resolv.conf "$1/etc/resolv.conf"
}

# Runs a target in the system. `alone`: loopback is all the network there is.
run_target() { # ROOT TARGET
    case $2 in
    install) enter "$1" sh "$PLACE/tests/install.sh" --throw-away ;;
    alone)
        enter "$1" sh -c 'id other >/dev/null 2>&1 || useradd -m other; chmod 700 /home/other; rm -rf /home/other/*
            cp -a "$0" /home/other/ && chown -R other: /home/other' "$PLACE" &&
            enter "$1" unshare --net sh -c 'python3 -c "$0" && cd "/home/other/${1##*/}" &&
                exec setpriv --reuid other --regid other --init-groups env HOME=/home/other PATH=/usr/bin:/bin \
                    nohup make --no-print-directory check' 'import fcntl, socket, struct as s
fcntl.ioctl(socket.socket(), 0x8914, s.pack("16sh14x", b"lo", 0x49))  # SIOCSIFFLAGS: up' "$PLACE"
        ;;
    *) enter "$1" make --no-print-directory -C "$PLACE" "$2" ;;
    esac
}

try_system() { # CODENAME: prints its verdicts, and adds a line for each to $RESULTS
    root=$(pwd)/build/systems/$1
    make_system "$1" "$root"
    mount_system "$root"
    rm -rf "$root$PLACE"
    git clone -q . "$root$PLACE"
    git -C "$root$PLACE" checkout -q "$COMMIT"
    chmod 700 "$root/root"
    for target in $TARGETS; do
        say "$1: $target (the whole output: build/systems/$1.$target)"
        began=$(date +%s)
        status=0
        run_target "$root" "$target" >"$root.$target" 2>&1 || status=$?
        # What the demo says once it is built looks like no error.
        if [ "$target" = demo ] && sed '1,/^== A stand-in/d' "$root.demo" | grep -Ein 'error|no such|not found|cannot|warn'; then
            status=1
        fi
        word=passed
        [ $status -eq 0 ] || word="FAILED ($status)"
        printf '%-10s %-8s %s, %d s: %s\n' "$1" "$target" "$word" $(($(date +%s) - began)) \
            "$(tail -n 1 "$root.$target")" | tee -a "$RESULTS"
    done
}

mkdir -p build/systems
RESULTS=$(pwd)/build/systems/results
: >"$RESULTS"
[ $# -gt 0 ] || set -- bookworm trixie
COMMIT=$(git rev-parse --short HEAD)
say "commit $COMMIT"
for codename in "$@"; do
    # A shell of its own: what one system lacks does not keep the other from being tried.
    (try_system "$codename") || echo "$codename  FAILED" >>"$RESULTS"
done
echo
cat "$RESULTS"
! grep -q FAILED "$RESULTS"
