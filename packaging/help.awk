# A --help text (of `command`, empty: of the program) as facts; see completions.sh.
BEGIN { OFS = "\t"; usage = "" }

function flush_option() {
    if (long == "")
        return
    gsub(/`/, "", text)
    print "option", command, short, long, value, text
    if (command == "extract" && long == "--stream") {
        sub(/^[^:]*:/, "", text)
        count = split(text, names, /[ ,]+/)
        for (i = 1; i <= count; i++)
            if (names[i] != "")
                print "stream", names[i]
    }
    long = ""
}

/^usage:/ { in_usage = 1 }
in_usage && /^ *$/ { in_usage = 0 }
in_usage { usage = usage " " $0 }

/^ +(-[A-Za-z], )?--[a-z]/ {
    flush_option()
    line = $0
    sub(/^ +/, "", line)
    short = ""
    if (line ~ /^-[A-Za-z], /) {
        short = substr(line, 1, 2)
        line = substr(line, 5)
    }
    long = line
    sub(/[ =].*/, "", long)
    line = substr(line, length(long) + 1)
    value = ""
    if (line ~ /^ [A-Z]/) {
        value = line
        sub(/^ /, "", value)
        sub(/ .*/, "", value)
        line = substr(line, length(value) + 2)
    }
    sub(/^ +/, "", line)
    text = line
    next
}
long != "" && /^          +[^ ]/ { line = $0; sub(/^ +/, "", line); text = text (text == "" ? "" : " ") line; next }
long != "" { flush_option() }

END {
    flush_option()
    gsub(/--[a-z-]+ [A-Z]+/, "", usage)
    kind = ""
    if (usage ~ /TABLE/)
        kind = "tables"
    else if (usage ~ /KEY=VALUE/)
        kind = "queries"
    else if (usage ~ / \[?FILE/)
        kind = "files"
    else if (usage ~ / \[?DIR/)
        kind = "directories"
    if (command != "" && kind != "")
        print "argument", command, kind
}
