#!/bin/sh
# ini-man.sh VERSION <config.example.ini
# Prints the man page rollcall.ini(5), made of the example configuration: its opening comment says how values are
# read, each later comment belongs to the keys below it.
set -eu
LC_ALL=C
export LC_ALL

printf '.TH ROLLCALL.INI 5 "" "rollcall %s" "File Formats"\n' "$1"
cat <<'MAN'
.SH NAME
rollcall.ini \- configuration of rollcall
.SH DESCRIPTION
MAN

awk '
function escaped(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    gsub(/`/, "\\(ga", text)
    gsub(/'\''/, "\\(aq", text)
    sub(/^\./, "\\\\\\&.", text)
    return text
}
function flush_keys() {
    if (keys == "")
        return
    printf ".TP\n%s\n%s", keys, comment
    keys = comment = ""
}
/^\[/ {
    flush_keys()
    printf "%s", comment
    comment = ""
    if (!sections++)
        print ".SH KEYS"
    print ".SS " escaped($0)
    next
}
/^#?[a-z_]+ =/ {
    key = value = $0
    sub(/^#/, "", key)
    sub(/ *=.*/, "", key)
    sub(/^[^=]*= */, "", value)
    if (keys != "")
        keys = keys "\n.TQ\n"
    keys = keys "\\fB" key "\\fR =" (value == "" ? "" : " " escaped(value))
    next
}
{ flush_keys() }
/^#   - / { sub(/^#   - /, ""); comment = comment ".IP \\(bu 2\n" escaped($0) "\n"; next }
/^# / { sub(/^# +/, ""); comment = comment escaped($0) "\n"; next }
/^#$/ { comment = comment ".PP\n" }
END { flush_keys() }'

cat <<'MAN'
.SH SEE ALSO
.BR rollcall (1)
MAN
