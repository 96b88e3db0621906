#!/bin/sh
# Installs what rollcall needs: deps.sh [build|package|demo|test|contract]
#   build     compiler and libraries (default)
#   package   build, and what `make deb` needs
#   demo      build, and what the stand-in server of `make demo` needs
#   test      demo and package, and what the tests and `make lint` need
#   contract  test, and Node.js with npm for `make check-contract`
#   systems   what `make check-systems` needs, alone
# Works with apt, dnf, apk and brew, as root or by sudo. Installs only what is missing and says
# what; does nothing, quickly, when everything is there.
set -eu

cd "$(dirname "$0")/.."
GROUP=${1:-build}

say() { printf 'deps: %s\n' "$*"; }
warn() { printf 'deps: %s\n' "$*" >&2; }

case $GROUP in
build | package | demo | test | contract | systems) ;;
-h | --help)
    sed -n '2,11s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
*)
    warn "unknown group '$GROUP'; use: build, package, demo, test, contract or systems"
    exit 2
    ;;
esac

# (Debian 13's xlsxwriter.pc names minizip.pc, and its package does not bring it.)
# One need a line: group, name, probe (cmd:PROGRAM, tool:PROGRAM of build/tools too,
# lib:PKG-CONFIG NAME, file:PATH, python: and r:PACKAGE), required or optional, then the package's name for apt, dnf, apk, brew ("-": comes with the system).
needs() {
    cat <<'NEEDS'
build cc cmd:cc required gcc gcc gcc -
build libc file:/usr/include/stdio.h required libc6-dev glibc-devel musl-dev -
build make cmd:make required make make make -
build pkg-config cmd:pkg-config required pkg-config pkgconf-pkg-config pkgconf pkgconf
build libcurl lib:libcurl required libcurl4-openssl-dev libcurl-devel curl-dev curl
build openssl lib:libcrypto required libssl-dev openssl-devel openssl-dev openssl@3
build sqlite lib:sqlite3 required libsqlite3-dev sqlite-devel sqlite-dev sqlite
build zlib lib:zlib required zlib1g-dev zlib-devel zlib-dev zlib
build libdeflate lib:libdeflate required libdeflate-dev libdeflate-devel libdeflate-dev libdeflate
build xxhash lib:libxxhash required libxxhash-dev xxhash-devel xxhash-dev xxhash
build yyjson lib:yyjson required libyyjson-dev yyjson-devel yyjson-dev yyjson
build xlsxwriter lib:xlsxwriter required libxlsxwriter-dev libxlsxwriter-devel libxlsxwriter-dev libxlsxwriter
build minizip lib:xlsxwriter required libminizip-dev - - -
build certificates file:/etc/ssl/certs required ca-certificates ca-certificates ca-certificates -
test cmocka lib:cmocka required libcmocka-dev libcmocka-devel cmocka-dev cmocka
demo microhttpd lib:libmicrohttpd required libmicrohttpd-dev libmicrohttpd-devel libmicrohttpd-dev libmicrohttpd
test python3 cmd:python3 required python3 python3 python3 python3
test sqlite-shell cmd:sqlite3 required sqlite3 sqlite sqlite sqlite
build tzdata file:/usr/share/zoneinfo/Asia/Seoul required tzdata tzdata tzdata -
test curl cmd:curl required curl curl curl -
test procps cmd:pgrep required procps procps-ng procps -
test clang-format cmd:clang-format optional clang-format clang-tools-extra clang-extra-tools clang-format
test clang-tidy cmd:clang-tidy optional clang-tidy clang-tools-extra clang-extra-tools llvm
test strace cmd:strace optional strace strace strace -
test promtool tool:promtool optional prometheus golang-github-prometheus prometheus prometheus
package dpkg-dev cmd:dpkg-shlibdeps optional dpkg-dev dpkg-dev dpkg-dev dpkg
test gawk cmd:gawk optional gawk gawk gawk gawk
test busybox cmd:busybox optional busybox busybox busybox -
test node cmd:node optional nodejs nodejs nodejs node
test npm cmd:npm optional npm npm npm node
test chromium cmd:chromium optional chromium chromium chromium -
test chromedriver cmd:chromedriver optional chromium-driver chromedriver chromium-chromedriver -
test pandas python:pandas optional python3-pandas python3-pandas py3-pandas -
full r cmd:Rscript optional r-base-core R-core R r
full readr r:readr optional r-cran-readr R-readr - -
full jsonlite r:jsonlite optional r-cran-jsonlite R-jsonlite - -
full libreoffice cmd:soffice optional libreoffice-calc-nogui libreoffice-calc libreoffice-calc -
contract node cmd:node required nodejs nodejs nodejs node
contract npm cmd:npm required npm npm npm node
systems debootstrap cmd:debootstrap required debootstrap debootstrap debootstrap -
systems git cmd:git required git git git git
NEEDS
}

in_group() {
    case $GROUP:$1 in
    *:build | package:package | demo:demo | test:package | test:demo | test:test | systems:systems) return 0 ;;
    test:full) [ -n "${ROLLCALL_TEST_FULL:-}" ] ;; # programs of full checks alone
    contract:systems | contract:full) return 1 ;;
    contract:*) return 0 ;;
    *) return 1 ;;
    esac
}

present() {
    case $1 in
    cmd:*) command -v "${1#cmd:}" >/dev/null 2>&1 ;;
    tool:*) command -v "${1#tool:}" >/dev/null 2>&1 || [ -x "build/tools/${1#tool:}" ] ;;
    lib:*) pkg-config --exists "${1#lib:}" 2>/dev/null ;;
    python:*) # the system's too, where another comes first
        for python in python3 /usr/bin/python3; do
            "$python" -c "import importlib.util as u; raise SystemExit(not u.find_spec('${1#python:}'))" 2>/dev/null && return 0
        done
        return 1
        ;;
    r:*) Rscript -e "quit(status = !requireNamespace('${1#r:}', quietly = TRUE))" >/dev/null 2>&1 ;;
    file:*)
        [ "$(uname -s)" = Darwin ] && return 0
        # A directory counts when something is in it.
        [ -f "${1#file:}" ] || [ -n "$(ls -A "${1#file:}" 2>/dev/null)" ]
        ;;
    esac
}

# Prints the missing needs, as lines of needs().
missing() {
    needs | while read -r group name probe rest; do
        in_group "$group" || continue
        present "$probe" || printf '%s %s %s %s\n' "$group" "$name" "$probe" "$rest"
    done
}

if [ "$(uname -s)" = Darwin ] && command -v brew >/dev/null 2>&1; then
    # Homebrew keeps these out of the default search path.
    prefix=$(brew --prefix)
    for keg in curl openssl@3 sqlite zlib; do
        PKG_CONFIG_PATH=$prefix/opt/$keg/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
    done
    export PKG_CONFIG_PATH
fi

# SQLite 3.28, with which the tests read our file as old readers do, the vendor's own client, which reads what we read,
# a judge of a page's accessibility, and engines that read our CSV (the one of 500 MB for full checks alone). Tests that lack theirs
# are skipped.
by_npm() {
    in_group test && command -v npm >/dev/null 2>&1 || return 0
    for want in old-sqlite/sql.js@1.0.0 sdk/purecloud-platform-client-v2@262.0.0 axe/axe-core@4.14.1 \
        duckdb/@duckdb/node-api@1.5.6-r.1 ${ROLLCALL_TEST_FULL:+chdb/chdb@3.4.0}; do
        into=build/${want%%/*} package=${want#*/}
        grep -qs "\"version\": \"${package##*@}\"" "$into/node_modules/${package%@*}/package.json" && continue
        say "fetching $package with npm"
        npm install --no-fund --no-audit --ignore-scripts --loglevel=error --fetch-retries=0 --prefix "$into" \
            "$package" </dev/null || warn "$package cannot be fetched here; the tests that use it are skipped"
    done
}

LACK=$(missing)
if [ -z "$LACK" ]; then
    by_npm
    exit 0
fi

MANAGER=
for m in apt-get dnf apk brew; do
    if command -v "$m" >/dev/null 2>&1; then
        MANAGER=$m
        break
    fi
done
case $MANAGER in
apt-get) field=5 ;;
dnf) field=6 ;;
apk) field=7 ;;
brew) field=8 ;;
*)
    warn "no apt, dnf, apk or brew here; please install by hand:"
    printf '%s\n' "$LACK" | awk '{ print "deps:   " $2 }' >&2
    exit 1
    ;;
esac

packages=$(printf '%s\n' "$LACK" | awk -v f=$field '$f != "-" && !seen[$f]++ { print $f }' | tr '\n' ' ')
packages=${packages% }

SUDO=
if [ "$MANAGER" != brew ] && [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        warn "not root, and no sudo. Please have an administrator install: $packages"
        by_npm
        case "$LACK" in *" required "*) exit 1 ;; esac
        exit 0
    fi
    SUDO=sudo
fi

apt() { # apt-get, without questions, waiting for another apt to finish
    $SUDO env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

install_packages() {
    case $MANAGER in
    apt-get) apt install --no-install-recommends "$@" ;;
    dnf) $SUDO dnf install -y "$@" ;;
    apk) $SUDO apk add --no-cache "$@" ;;
    brew) brew install "$@" ;;
    esac
}

# Debian 12 has no yyjson. The next release's two packages need libc6 >= 2.14 alone; they are
# fetched with a private apt configuration, so the machine's own stays as it is.
yyjson_from_next_debian() {
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    if [ ! -r $keyring ]; then
        warn "yyjson: $keyring is missing (package debian-archive-keyring)"
        return 1
    fi
    uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' \
        'Component: main' 'Label: Debian' | sed -n 1p)
    if [ -z "$uri" ]; then
        warn "yyjson: apt knows no source of Debian 12 (bookworm main) to derive the next one from"
        return 1
    fi
    dir=$(pwd)/build/apt
    rm -rf "$dir"
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/empty"
    printf 'deb [signed-by=%s] %s trixie main\n' $keyring "$uri" >"$dir/sources.list"
    cat >"$dir/apt.conf" <<CONF
Dir::Etc::SourceList "$dir/sources.list";
Dir::Etc::SourceParts "$dir/empty";
Dir::Etc::PreferencesParts "$dir/empty";
Dir::State::Lists "$dir/lists";
Dir::Cache "$dir/cache";
APT::Sandbox::User "";
APT::Update::Post-Invoke-Success "";
Acquire::Languages "none";
CONF
    (
        cd "$dir"
        APT_CONFIG=$dir/apt.conf
        export APT_CONFIG
        apt-get -q update && apt-get -q download libyyjson0 libyyjson-dev
    ) || return 1
    apt install --no-install-recommends "$dir"/libyyjson*.deb || return 1
    rm -rf "$dir"
}

install_yyjson_by_apt() {
    if apt-cache show libyyjson-dev >/dev/null 2>&1; then
        install_packages libyyjson-dev
    elif [ "$(. /etc/os-release && printf '%s' "${ID:-}${VERSION_ID:-}")" = debian12 ]; then
        say "yyjson: not in Debian 12; taking libyyjson0 and libyyjson-dev of Debian 13"
        yyjson_from_next_debian
    else
        return 1
    fi
}

# Debian's package would start a server on this machine: its one program is enough.
promtool_by_apt() {
    dir=build/tools
    mkdir -p $dir/unpacked
    (
        cd $dir/unpacked
        apt-get -q download prometheus && dpkg-deb -x prometheus_*.deb . &&
            mv usr/bin/promtool ..
    ) || return 1
    rm -rf $dir/unpacked
}

say "installing with $MANAGER${SUDO:+ (by sudo)}: $packages"
yyjson=
promtool=
if [ "$MANAGER" = apt-get ]; then
    apt update || warn "apt-get update failed; going on with the package lists that are there"
    case " $packages " in
    *" libyyjson-dev "*)
        yyjson=1
        packages=$(printf '%s' " $packages " | sed 's/ libyyjson-dev / /')
        ;;
    esac
    case " $packages " in
    *" prometheus "*)
        promtool=1
        packages=$(printf '%s' " $packages " | sed 's/ prometheus / /')
        ;;
    esac
fi
# shellcheck disable=SC2086 # a list of names
set -- $packages
if [ $# -gt 0 ] && ! install_packages "$@"; then
    for package in "$@"; do # one by one, so that one missing package costs no other
        install_packages "$package" || warn "package $package cannot be installed here"
    done
fi
if [ -n "$yyjson" ]; then
    install_yyjson_by_apt || warn "yyjson cannot be installed from packages here"
fi
if [ -n "$promtool" ]; then
    promtool_by_apt || warn "promtool cannot be fetched from package prometheus here"
fi

remedy() {
    case $1 in
    yyjson) echo "build yyjson 0.8 or newer from its source release (github: ibireme/yyjson): cmake -B b && cmake --install b" ;;
    clang-format | clang-tidy) echo "needed for 'make lint' alone" ;;
    dpkg-dev) echo "needed for 'make deb' alone" ;;
    strace | promtool | gawk | busybox | node | npm | chromium | chromedriver | pandas | r | readr | jsonlite | libreoffice) echo "the tests that use it are skipped" ;;
    *) echo "install it by hand so that '$2' is found (on RHEL-like systems enable EPEL and CRB)" ;;
    esac
}

status=0
hash -r 2>/dev/null || true
by_npm
LACK=$(missing)
if [ -n "$LACK" ]; then
    while read -r _ name probe kind _; do
        warn "still missing: $name ($kind): $(remedy "$name" "${probe#*:}")"
        [ "$kind" = optional ] || status=1
    done <<LINES
$LACK
LINES
fi
[ $status -ne 0 ] || say "done"
exit $status
