#!/bin/sh
# deb.sh BUILD: what `make deb` does once BUILD/deb/rollcall is linked. Writes BUILD/rollcall_VERSION_ARCHITECTURE.deb.
# MAINTAINER is who answers for the package. Needs dpkg-dev; not root.
set -eu
cd "$(dirname "$0")/.."
build=$1
maintainer=${MAINTAINER:-rollcall contributors <rollcall@example.invalid>}
version=$(cat VERSION)
for tool in dpkg-deb dpkg-shlibdeps; do
    command -v $tool >/dev/null || { echo "deb: $tool is missing (package dpkg-dev)" >&2; exit 1; }
done
architecture=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
umask 022

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
doc=$root/usr/share/doc/rollcall

${MAKE:-make} --no-print-directory BUILD="$build" PROGRAM="$build/deb/rollcall" DESTDIR="$root" PREFIX=/usr \
    ZSH_DIR=/usr/share/zsh/vendor-completions install >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
strip --strip-unneeded "$root/usr/bin/rollcall"
mv "$doc/LICENSE" "$doc/copyright"
mv "$doc/CHANGELOG.md" "$doc/changelog"
gzip -9n "$doc/changelog" "$root"/usr/share/man/man?/*

# The configuration as the services and the cron lines want it.
mkdir -p "$root/etc/rollcall" "$root/etc/logrotate.d"
sed -e 's|^#path = .*|path = /var/lib/rollcall/rollcall.db|' -e 's|^#directory = .*|directory = /var/lib/rollcall/csv|' \
    config.example.ini >"$root/etc/rollcall/rollcall.ini"
mv "$doc/examples/rollcall.logrotate" "$root/etc/logrotate.d/rollcall"

# A library that no package source of this machine has (yyjson on Debian 12) goes along, with its licence.
library=$(ldd "$root/usr/bin/rollcall" | awk '/libyyjson/ { print $3 }')
exclude=
if [ -n "$library" ] && ! apt-cache madison libyyjson0 2>/dev/null | grep -q .; then
    install -D -m 644 "$library" "$root/usr/lib/rollcall/$(basename "$library")"
    strip --strip-unneeded "$root/usr/lib/rollcall"/*.so*
    { printf '\n--- libyyjson, in /usr/lib/rollcall ---\n\n'; cat /usr/share/doc/libyyjson0/copyright; } >>"$doc/copyright"
    exclude=-xlibyyjson0
fi

mkdir "$work/debian" "$root/DEBIAN"
printf 'Source: rollcall\n\nPackage: rollcall\nArchitecture: any\n' >"$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps $exclude -O -e"$root/usr/bin/rollcall" | sed 's/^shlibs:Depends=//')
[ -n "$depends" ]

sed -e "s|@VERSION@|$version|" -e "s|@ARCHITECTURE@|$architecture|" -e "s|@MAINTAINER@|$maintainer|" \
    -e "s|@SIZE@|$(du -sk "$root" | cut -f1)|" -e "s/@DEPENDS@/$depends/" packaging/debian/control.in \
    >"$root/DEBIAN/control"
install -m 755 packaging/debian/postinst packaging/debian/prerm packaging/debian/postrm "$root/DEBIAN/"
install -m 644 packaging/debian/conffiles "$root/DEBIAN/conffiles"
(cd "$root" && find usr -type f -exec md5sum {} + | LC_ALL=C sort -k2) >"$root/DEBIAN/md5sums"

package=$build/rollcall_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$root" "$package.$$" >/dev/null
mv "$package.$$" "$package"
echo "$package"
