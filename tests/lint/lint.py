#!/usr/bin/env python3
"""The house rules that no compiler knows, checked over the whole tree.

    lint.py [ROOT]     prints `path:line: rule: message` a finding, then the house in figures; exits 1 when
                       there is a finding

Each rule is a function from a Tree to findings; tests/lint/test_lint.py shows each of them fail.
"""
import os
import re
import statistics
import subprocess
import sys
import urllib.parse

# Lower first. A file includes from a lower rank or from its own folder: folders of one rank do not
# know each other.
RANKS = {"base": 0, "io": 1, "api": 2, "etl": 2, "streams": 3, "out": 4, "run": 5, "probe": 5,
         "cmd": 6, "main": 7}

THIRD_PARTY = re.compile(r"^(curl/.*|sqlite3(ext)?\.h|zlib\.h|libdeflate\.h|yyjson\.h|ini\.h|xxhash\.h|openssl/.*|"
                         r"microhttpd\.h|cmocka\.h|xlsxwriter(/.*|\.h))$")

BANNED = ("strcpy strcat sprintf vsprintf gets strtok scanf sscanf fscanf vscanf vsscanf atoi atol atoll atof "
          "localtime gmtime asctime ctime system popen alloca strncpy strncat").split()

MAX_FILE_LINES = 1300  # of a file that is one thing
MAX_FUNCTION_LINES = 70

# A statement stands in schema/, in queries/, in a .sql file beside its module, or, when it is short, in the call that
# runs it. What is put together of parts in C, and why:
SQL_CALL = re.compile(r"\bdb_\w+$")
MAX_SQL_LITERALS = 8
SQL_ALLOWED = {
    "src/io/db*.c": "opening: pragmas, transactions, the version table; the declaration of the feed",
    "src/out/status.c": "counts the rows of a table whose name is an argument",
    "src/probe/recent.c": "carries names from one database to another",
}

SQL_START = re.compile(
    r'^"\s*(SELECT\s|INSERT\s+(OR|INTO)\b|REPLACE\s+INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b|'
    r"CREATE\s+(TEMP|TABLE|VIEW|INDEX|UNIQUE|TRIGGER|VIRTUAL)|ALTER\s+TABLE\b|DROP\s+(TABLE|VIEW|INDEX|TRIGGER)|"
    r"WITH\s+\w+\s+AS\b|select\s.*\sfrom\s|insert\s+into\s|delete\s+from\s|update\s+\w+\s+set\s)", re.S)

# Written with classes so that this file does not hold what it forbids.
FORBIDDEN = [
    (re.compile(r"\b(TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b"), "unfinished work belongs in an issue"),
    (re.compile(r"\b(C[E]O|[Ff][a]rm|[Ss]ub-?[a]gents?)\b"), "a word that says nothing about the product"),
    (re.compile(r"\b([Cc]l[a]ude|[Aa]nthr[o]pic|[Cc]h[a]tGPT)\b"), "a word that says nothing about the product"),
    (re.compile(r"\.\./sh[a]red\b"), "a path outside the repository"),
    (re.compile(r"(?<![\w.)}])/w[o]rk/"), "a path outside the repository"),
    (re.compile(r"\b((deb|security|ftp|archive|snapshot)\.d[e]bian\.org|registry\.np[m]js\.org|archive\.ub[u]ntu\.com|"
                r"pyp[i]\.org|files\.pyth[o]nhosted\.org|dl-cdn\.alpin[e]linux\.org|deb\.nodes[o]urce\.com)\b"),
     "the name of a package host"),
]
# What may say what the patterns above forbid, with the reason.
FORBIDDEN_EXCEPT = {
    (".ci/run", "a path outside the repository"): "takes the contract file when it is there",
}

# Headers that the build makes, and where.
GENERATED = {"sql.h", "maps.h", "lists.h"}
BUILD_GEN = os.path.join(os.environ.get("BUILD", "build"), "gen")

TEXT_FILE = re.compile(r"(\.(c|h|py|sh|sql|md|ini|txt|yml|yaml|json|csv|service|timer|cron|1)|/[^./]+|/\.[a-z-]+)$")
SKIPPED_FOLDERS = {".git", "build", "__pycache__", "node_modules", ".cache"}


class CFile:
    """A C file as text, with its comments and strings taken apart.

    code: the text with comments and the insides of literals blanked, same length and lines.
    comments, strings: lists of (start, end) offsets; strings include their quotes.
    """

    TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.comments = []
        self.strings = []
        parts = []
        at = 0
        for match in self.TOKEN.finditer(text):
            parts.append(text[at:match.start()])
            token = match.group()
            if token[0] == "/":
                self.comments.append(match.span())
                parts.append(re.sub(r"[^\n]", " ", token))
            elif token[0] == '"':
                self.strings.append(match.span())
                parts.append('"' + " " * (len(token) - 2) + '"')
            else:
                parts.append("'" + " " * (len(token) - 2) + "'")
            at = match.end()
        parts.append(text[at:])
        self.code = "".join(parts)

    def line(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def includes(self):
        """(line, "quote" or "angle", name) of each #include."""
        found = []
        for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', self.text, re.M):
            if self.code[match.start():match.start(1)].strip():
                found.append((self.line(match.start()), "quote" if match.group(1) == '"' else "angle",
                              match.group(2)))
        return found

    def top_level(self):
        """(start, end, body) of each top-level declaration or definition, preprocessor lines aside.

        body is the offset of the opening brace of a function body, or None.
        """
        code = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: re.sub(r"[^\n]", " ", m.group()), self.code, flags=re.M)
        items = []
        start = None
        body = None
        depth = 0
        for offset, char in enumerate(code):
            if start is None:
                if char.isspace() or char == ";":
                    continue
                start, body = offset, None
            if char == "{":
                if depth == 0 and code[start:offset].rstrip().endswith(")"):
                    body = offset
                depth += 1
            elif char == "}":
                depth -= 1
                if depth == 0 and body is not None:
                    items.append((start, offset, body))
                    start = None
            elif char == ";" and depth == 0:
                items.append((start, offset, None))
                start = None
        return items


class Tree:
    """The files of the repository below root, read once."""

    def __init__(self, root):
        self.root = root
        self.texts = {}
        self.c_files = {}
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
            for name in sorted(set(names) - SKIPPED_FOLDERS):
                full = os.path.join(folder, name)
                path = os.path.relpath(full, root).replace(os.sep, "/")
                if not TEXT_FILE.search("/" + path) or os.path.islink(full):
                    continue
                with open(full, "rb") as file:
                    data = file.read()
                if b"\0" in data:
                    continue
                self.texts[path] = data.decode("utf-8", "replace")
                if name.endswith((".c", ".h")):
                    self.c_files[path] = CFile(path, self.texts[path])

    def sources(self, *prefixes):
        """C files below the prefixes, generated ones left out."""
        return [file for path, file in self.c_files.items() if path.startswith(prefixes)]


def folder_of(path):
    """base, io, ... or main, of a path below src/; None elsewhere."""
    parts = path.split("/")
    if parts[0] != "src" or len(parts) < 2:
        return None
    return "main" if len(parts) == 2 else parts[1]


def rule_layers(tree):
    for file in tree.sources("src/"):
        here = folder_of(file.path)
        if here not in RANKS:
            yield file.path, 1, "folder src/%s has no place among the layers" % here
            continue
        for line, kind, name in file.includes():
            if kind != "quote" or name in GENERATED:
                continue
            target = "src/" + name
            if target not in tree.c_files and target + ".in" not in tree.texts:
                yield file.path, line, 'include "%s" from src/ on: no such file' % name
                continue
            there = folder_of(target)
            if there != here and RANKS.get(there, 99) >= RANKS[here]:
                yield file.path, line, "%s may not include %s (%s)" % (here, there, name)


def circles(tree):
    """The circles of files below src/: x.c and x.h are one file. Each as its files, sorted."""
    graph = {}
    for file in tree.sources("src/"):
        graph.setdefault(file.path[:-2], set()).update(
            ("src/" + name)[:-2] for _, kind, name in file.includes() if kind == "quote" and "src/" + name in tree.c_files)

    def reached_from(start):
        seen, waiting = set(), [start]
        while waiting:
            for other in graph[waiting.pop()] - seen:
                seen.add(other)
                waiting.append(other)
        return seen

    reach = {one: reached_from(one) for one in graph}
    rings = {tuple(sorted(other for other in reach[one] if one in reach[other])) for one in graph}
    return sorted(ring for ring in rings if len(ring) > 1)


def rule_circle(tree):
    for ring in circles(tree):
        path = next(ring[0] + end for end in (".c", ".h") if ring[0] + end in tree.c_files)
        yield path, 1, "a circle of files: " + ", ".join(ring)


def rule_named_once(tree):
    """A header that comes with another is not named beside it."""
    ours = {file.path: {"src/" + name: line for line, kind, name in file.includes() if kind == "quote"} for file in tree.sources("src/")}

    def brings(path, seen=frozenset()):
        named = set(ours.get(path, ())) - seen
        return named.union(*(brings(other, seen | named) for other in named))

    for path, named in ours.items():
        for other, line in named.items():
            through = sorted(header for header in named if other in brings(header))
            if through:
                yield path, line, "%s comes with %s" % (other[4:], through[0][4:])


def rule_internal_header(tree):
    """What one thing shares with itself alone stands in one file."""
    for path in tree.c_files:
        if path.endswith("_internal.h"):
            yield path, 1, "a module is one file, or several with headers of their own"


def rule_third_party(tree):
    for file in tree.sources("src/"):
        if folder_of(file.path) == "io":
            continue
        for line, _, name in file.includes():
            if THIRD_PARTY.match(name):
                yield file.path, line, "<%s> is for src/io alone" % name


def rule_banned(tree):
    pattern = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(BANNED))
    for file in tree.sources("src/", "tests/"):
        for match in pattern.finditer(file.code):
            yield file.path, file.line(match.start()), "%s is banned" % match.group(1)


def rule_typedef(tree):
    for file in tree.sources("src/", "tests/"):
        for match in re.finditer(r"\btypedef\s+(struct|union|enum)\b", file.code):
            yield file.path, file.line(match.start()), "no typedef of a %s" % match.group(1)


def rule_file_length(tree):
    for path, text in tree.texts.items():
        lines = text.count("\n")
        if path.endswith((".c", ".h", ".py", ".sh")) and lines > MAX_FILE_LINES:
            yield path, lines, "%d lines, over %d" % (lines, MAX_FILE_LINES)


def rule_function_length(tree):
    for file in tree.sources("src/", "tests/"):
        for start, end, body in file.top_level():
            if body is None:
                continue
            lines = file.line(end) - file.line(body)  # from the opening to the closing brace
            if lines > MAX_FUNCTION_LINES:
                yield file.path, file.line(start), "a function of %d lines, over %d" % (lines, MAX_FUNCTION_LINES)


def prototypes(file):
    """(line, name, documented) of each function that a header declares: a comment stands directly above it, or above
    the unbroken group it is in (types and macros may belong to it)."""
    commented = {file.line(end - 1) for _, end in file.comments}
    covered_to = 0  # the line up to which the last comment's group reaches
    groups = file.top_level() + [(match.start(), match.end(), None) for match in
                                 re.finditer(r"^[ \t]*#[ \t]*define(?:\\\n|[^\n])*", file.code, re.M)]
    for start, end, body in sorted(groups):
        line = file.line(start)
        documented = line - 1 in commented or line == covered_to + 1
        if documented:
            covered_to = file.line(end)
        head = file.code[start:body if body is not None else end]
        if head.lstrip().startswith(("#", "typedef", "_Static_assert", "static_assert")) or "{" in head or "=" in head:
            continue
        name = re.search(r"(\w+)\s*\(", re.sub(r"__attribute__\s*\(\(.*?\)\)", "", head, flags=re.S))
        if name:
            yield line, name.group(1), documented


def rule_prototype_comment(tree):
    for file in tree.sources("src/"):
        if file.path.endswith(".h"):
            for line, name, documented in prototypes(file):
                if not documented:
                    yield file.path, line, "%s has no comment directly above" % name


def rule_header_purpose(tree):
    for file in tree.sources("src/"):
        if file.path.endswith(".h") and not file.text.startswith("/*"):
            yield file.path, 1, "a header opens with a comment: purpose and invariants"


def sql_allowed(path):
    return any(re.fullmatch(name.replace(".", r"\.").replace("*", r"\w*"), path) for name in SQL_ALLOWED)


def call_around(file, offset):
    """The name of the function in whose call's brackets the offset lies, "" outside of any."""
    depth = 0
    for at in range(offset - 1, -1, -1):
        char = file.code[at]
        if char == ")":
            depth += 1
        elif char == "(" and depth == 0:
            return re.search(r"\w*$", file.code[:at].rstrip()).group()
        elif char == "(":
            depth -= 1
        elif char in ";{}":
            return ""
    return ""


def rule_sql_in_c(tree):
    for file in tree.sources("src/"):
        if sql_allowed(file.path):
            continue
        for i, (start, end) in enumerate(file.strings):
            if not SQL_START.match(file.text[start:end]):
                continue
            literals = 1
            while (i + literals < len(file.strings) and
                   not file.code[file.strings[i + literals - 1][1]:file.strings[i + literals][0]].strip()):
                literals += 1
            if not SQL_CALL.match(call_around(file, start)):
                yield file.path, file.line(start), "SQL belongs in a .sql file, or in the call that runs it"
            elif literals > MAX_SQL_LITERALS:
                yield file.path, file.line(start), "a statement of %d lines belongs in a .sql file" % literals


def rule_forbidden(tree):
    for path, text in tree.texts.items():
        for pattern, why in FORBIDDEN:
            if (path, why) in FORBIDDEN_EXCEPT:
                continue
            for match in pattern.finditer(text):
                yield path, text.count("\n", 0, match.start()) + 1, "%r: %s" % (match.group(), why)


def rule_whitespace(tree):
    for path, text in tree.texts.items():
        if path.startswith("tests/golden/") or path.endswith(".csv"):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip():
                yield path, number, "blanks at the end of the line"
        if text and not text.endswith("\n"):
            yield path, text.count("\n") + 1, "no newline at the end of the file"


def anchors_of(text):
    """The anchors that headings get on the usual hosts."""
    anchors = set()
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchors.add(re.sub(r"\s", "-", re.sub(r"[^\w\- ]", "", plain)))
    return anchors


def rule_markdown_link(tree):
    for path, text in tree.texts.items():
        if not path.endswith(".md"):
            continue
        bare = re.sub(r"^```.*?^```|`[^`\n]*`", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.M | re.S)
        for match in re.finditer(r"\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)", bare):
            target = urllib.parse.unquote(match.group(1))
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            line = text.count("\n", 0, match.start()) + 1
            name, _, anchor = target.partition("#")
            other = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
            if not os.path.exists(os.path.join(tree.root, other)):
                yield path, line, "link to %s: no such file" % target
            elif anchor and other in tree.texts and anchor not in anchors_of(tree.texts[other]):
                yield path, line, "link to %s: no such heading" % target


def rule_query_header(tree):
    """title, description and one line a parameter, in comments; one statement."""
    for path, text in tree.texts.items():
        if not re.fullmatch(r"queries/[\w-]+\.sql", path):
            continue
        header = re.match(r"(?:--[^\n]*\n)*", text).group()
        if not re.match(r"-- title: \S[^\n]*\n-- description: \S", header):
            yield path, 1, "opens with `-- title: ...`, then `-- description: ...`"
            continue
        statement = re.sub(r"'(?:[^']|'')*'|--[^\n]*", "", text[len(header):])
        used = set(re.findall(r"(?<![:\w])[:@$]([A-Za-z_]\w*)", statement))
        told = set(re.findall(r"^-- param: (\w+) +\[[\w |]+\]", header, re.M))
        for name in sorted(used - told):
            yield path, 1, "no line `-- param: %s  [type] ...` in the header" % name
        for name in sorted(told - used):
            yield path, 1, "the header tells of a parameter %s that the statement does not use" % name
        if ";" in statement.strip().rstrip(";"):
            yield path, 1, "one statement a file"


def rule_schema_name(tree):
    """What the build reads of schema/ it knows by its name."""
    for path in tree.texts:
        if path.startswith("schema/") and not re.fullmatch(r"schema/(\d{4}_\w+|views\w*)\.sql", path):
            yield path, 1, "files of schema/ are named NNNN_name.sql, or views*.sql"


def rule_shell_syntax(tree):
    """Scripts are POSIX sh that parses, and can be executed."""
    for path, text in tree.texts.items():
        if not text.startswith("#!/bin/sh"):
            continue
        full = os.path.join(tree.root, path)
        done = subprocess.run(["sh", "-n", full], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            yield path, 1, "does not parse: " + done.stderr.strip()
        if not os.access(full, os.X_OK):
            yield path, 1, "is not executable"


def rule_header_alone(tree):
    """Each header compiles by itself."""
    compiler = os.environ.get("CC", "cc")
    for file in tree.sources("src/", "tests/standin/"):
        if not file.path.endswith(".h"):
            continue
        include = file.path[len("src/"):] if file.path.startswith("src/") else os.path.basename(file.path)
        command = [compiler, "-std=c11", "-D_GNU_SOURCE", '-DROLLCALL_VERSION="0"', "-fsyntax-only", "-Wall",
                   "-Werror", "-Isrc", "-I" + BUILD_GEN, "-I" + os.path.dirname(file.path), "-x", "c", "-"]
        done = subprocess.run(command, cwd=tree.root, input='#include "%s"\n' % include, text=True,
                              capture_output=True, check=False)
        if done.returncode != 0:
            first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
            yield file.path, 1, "does not compile alone: " + first


RULES = [rule_layers, rule_circle, rule_named_once, rule_internal_header, rule_third_party, rule_banned, rule_typedef, rule_file_length,
         rule_function_length, rule_prototype_comment, rule_header_purpose, rule_sql_in_c, rule_forbidden,
         rule_whitespace, rule_markdown_link, rule_query_header,
         rule_schema_name, rule_shell_syntax, rule_header_alone]


def check(tree, rules=None):
    """Returns the findings as sorted (path, line, rule, message)."""
    findings = set()
    for rule in rules or RULES:
        name = rule.__name__[len("rule_"):].replace("_", "-")
        findings.update((path, line, name, message) for path, line, message in rule(tree))
    return sorted(findings)


# What the streams are made of: the files, as patterns.
STREAM_PARTS = (("C in src/streams", r"src/streams/.*\.[ch]"), ("SQL beside it", r"src/streams/.*\.sql"),
                ("SQL in schema", r"schema/\d{4}_.*\.sql"))


def streams_cost(tree):
    """What the streams cost in lines, all together and one on average, as a line of text; none where there is no registry."""
    count = len(re.findall(r"^\w+$", tree.texts.get("src/streams/registry.txt", ""), re.M))
    if count:
        costs = [(name, sum(text.count("\n") for path, text in tree.texts.items() if re.fullmatch(pattern, path)))
                 for name, pattern in STREAM_PARTS]
        yield "streams: %d, each a row of the registry: %s" % (
            count, ", ".join("%s %d (%.1f a stream)" % (name, lines, lines / count) for name, lines in costs))


def house(tree):
    """The house in figures, as lines of text. A function counts from its first line to its closing brace."""
    sources = tree.sources("src/")
    lines = {}
    for path, text in tree.texts.items():
        top = path.split("/")[0]
        if top == "src":
            lines[top, folder_of(path)] = lines.get((top, folder_of(path)), 0) + text.count("\n")
        elif top in ("schema", "queries", "tests", "scripts", "packaging", "docs"):
            lines[top, ""] = lines.get((top, ""), 0) + text.count("\n")
    lengths = sorted(((file.line(end) - file.line(start) + 1, file.path, file.line(start))
                      for file in sources for start, end, body in file.top_level() if body is not None), reverse=True)
    files = sorted(((file.text.count("\n"), file.path) for file in sources), reverse=True)
    told = [documented for file in sources if file.path.endswith(".h") for _, _, documented in prototypes(file)]
    inside = sorted((count, name) for (top, name), count in lines.items() if top == "src")
    yield "src: %d lines: %s" % (sum(count for count, _ in inside),
                                 ", ".join("%s %d" % (name, count) for count, name in reversed(inside)))
    yield "beside it: " + ", ".join("%s %d" % (top, count) for (top, _), count in sorted(lines.items()) if top != "src")
    yield from streams_cost(tree)
    if lengths and files:
        yield "functions: %d, median %d lines, longest %d (%s:%d)" % (
            len(lengths), statistics.median(n for n, _, _ in lengths), *lengths[0])
        yield "files: %d, median %d lines, longest %d (%s)" % (len(files), statistics.median(n for n, _ in files), *files[0])
    yield "prototypes: %d, documented %d" % (len(told), sum(told))
    yield "circles of files: %d" % len(circles(tree))


def main(arguments):
    root = arguments[0] if arguments else os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    tree = Tree(root)
    findings = check(tree)
    for path, line, name, message in findings:
        print("%s:%d: %s: %s" % (path, line, name, message))
    print("\n".join(house(tree)))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
