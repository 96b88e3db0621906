"""A second opinion on how answers become rows: the brackets of the schema's comments (docs/adding-a-stream.md explains
them) applied to documents. It shares nothing with the program's own maps but those comments."""
import json
import re

from harness import instant, later

CREATE = re.compile(r"CREATE TABLE (\w+) \((?: -- (.*))?$")
COLUMN = re.compile(r'(?:    |ALTER TABLE (\w+) ADD COLUMN )"?([a-z]\w*)"? ([A-Z]+)\b.*? -- (?:\[key\] )?(.*)$')
MORE = re.compile(r" +-- (\[.*)$")
STEP = re.compile(r"([^.\[{][^\[{]*)(\[\]|\{\}|$)")  # of a place: an array, an object with its members, an object


class Column:
    """`words`: {source: [field, mark...]}; none where the column is ours."""

    def __init__(self, name):
        self.name, self.words = name, {}


class Table:
    """`sources`: {name or "": where its rows sit}, `ignored`: {that name: fields that are no data}; below: `parent`, and
    `steps` from that one's rows."""

    def __init__(self, name):
        self.name, self.sources, self.ignored, self.columns = name, {}, {}, []
        self.root = self.parent = None
        self.steps, self.below = [], []

    @property
    def place(self):
        return next(iter(self.sources.values()), "")

    def keys(self):
        """The columns of ours in front of all others: keys, then ordinals."""
        first = next(i for i, c in enumerate(self.columns) if c.words)
        return [c.name for c in self.columns[:first]]

    def ordinals(self):
        return [name for name in self.keys() if name.endswith("_no")]

    def ids(self):
        marked = [c.name for c in self.columns if any({"id", "id?"} & set(w[1:]) for w in c.words.values())]
        return marked or [next(c.name for c in self.columns if c.words)]


def brackets(text):
    """The brackets that a comment begins with, as (names of sources, words)."""
    found, depth = [], 0
    for at, c in enumerate(text):
        if depth == 0 and c not in "[ ":
            break
        begun = at + 1 if c == "[" and depth == 0 else begun if depth else at
        depth += (c == "[") - (c == "]")
        if c == "]" and depth == 0:
            names, colon, rest = text[begun:at].rpartition(": ")
            found.append((names.split() if colon else [], rest.split()))
    return found


def read_schema(paths):
    """{name: Table}: all that answers fill."""
    tables, at, column = {}, None, None
    for line in (line for path in paths for line in path.read_text(encoding="utf-8").splitlines()):
        create, own, more = CREATE.match(line), COLUMN.match(line), MORE.match(line)
        if create:
            at, column, text = Table(create.group(1)), None, create.group(2) or ""
            tables.pop(at.name, None)
            tables[at.name] = at
        elif own and (at or own.group(1)):
            at, column, text = tables[own.group(1)] if own.group(1) else at, Column(own.group(2)), own.group(4)
            at.columns.append(column)
        elif more and at:
            text = more.group(1)
        else:
            at = at if line.startswith(" ") else None
            continue
        for names, words in brackets(text):
            for name in names or list(at.sources)[:1] or [""]:
                if column is None:
                    at.sources[name] = " ".join([words[0], *(w for w in words[1:2] if w.endswith("[]"))])
                    at.ignored[name] = words[words.index("not") + 1:] if "not" in words else []
                else:
                    first = next(iter(column.words.values()), [])  # whose type is everyone's
                    column.words[name] = words + [mark for mark in first[1:] if mark in ("time", "json", "0/1")]
    tables = {name: t for name, t in tables.items() if t.sources}
    root = None
    for table in tables.values():
        root = table if table.place.startswith("*") else root
        place_below(table, root)
    return tables


def place_below(table, root):
    """Finds the table whose rows hold those of this one."""
    table.root = root
    place = table.place.removeprefix("*").strip()
    if table is not root:
        above = [root, *root.below]
        table.parent = max((t for t in above if t is root or place.startswith(t.place + ".")), key=lambda t: len(t.place) * (t is not root))
        inner = table.parent.place.removeprefix("*").strip()
        place = place.removeprefix(inner + ".") if inner else place
        root.below.append(table)
    table.steps = STEP.findall(place)


# --- values ---------------------------------------------------------------------------------------


def member(value, path):
    """What stands at a path; x[0] is the first element of x."""
    for name in path.split("."):
        value = value.get(name.removesuffix("[0]")) if isinstance(value, dict) else None
        value = value[0] if name.endswith("[0]") and value else value
    return value


def field(text, levels):
    """The first that is there of the fields a|^b of the row, levels[0], and of what is around it."""
    paths = ((len(one) - len(one.lstrip("^")), one.lstrip("^")) for one in text.split("|"))
    return next((v for v in (member(levels[up], path) for up, path in paths) if v is not None), None)


def plain(value):
    """As values are compared: 5.0 is 5, deep inside too."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def canonical_json(value):
    return json.dumps(plain(value), sort_keys=True)


MARKS = {
    "time": instant, "json": canonical_json, "0/1": int,
    "from": lambda v: instant(v.split("/")[0]), "to": lambda v: instant(v.split("/")[1]),
    "upper-snake": lambda v: "".join(w.capitalize() for w in v.split("_")),
    **dict.fromkeys(("id", "id?", "moment", "within", "personal", "person", "note", "whose"), lambda v: v),
}


def column_value(words, levels, pair, window):
    """What stands in a column; a mark that is not known here is a KeyError."""
    what, *marks = words
    if what.startswith("@"):
        return window[what]
    if what.endswith(("[]", "{key}", "{value}")):
        value = levels[0] if what.endswith("[]") else pair[what.endswith("{value}")]
    else:
        up = what[:len(what) - len(what.lstrip("^"))]  # said once, and meant for each
        value = field("|".join(up + path.lstrip("^") for path in what.split("|")), levels)
    if value is None:
        return "" if "id?" in marks else None
    for mark in sorted(marks, key=lambda m: not m.startswith("in:")):
        kind, _, other = mark.partition(":")
        if kind == "in":
            names = field(other, levels) or {}
            value = [names.get(one) for one in value] if isinstance(value, list) else names.get(value)
        elif kind == "offset":
            value = later(field(other, levels) if other else window["@start"], seconds=value)
        else:
            value = MARKS[mark](value)
    return value


# --- rows -----------------------------------------------------------------------------------------


def walk(levels, steps, ordinals=(), pair=None):
    """(levels, ordinals, member) of the rows that stand `steps` below levels[0]."""
    if not steps:
        yield levels, ordinals, pair
        return
    (name, shape), rest = steps[0], steps[1:]
    value = member(levels[0], name)
    if shape == "[]":
        for i, element in enumerate(value or []):
            yield from walk([element, *levels], rest, (*ordinals, i))
    elif shape == "{}":
        for each in (value or {}).items():
            yield from walk([value, *levels], rest, ordinals, each)
    elif value is not None:
        yield from walk([value, *levels], rest, ordinals)


def columns_of(table, source, window):
    """{name: words} of what an answer says; what a window says is left out where its mark is not known."""
    return {c.name: c.words[source] for c in table.columns if source in c.words and c.words[source][0] != "-" and
            (c.words[source][0] in window or not c.words[source][0].startswith("@"))}


def rows_of(root, source, entity, answer, window):
    """(table, row) of everything that an entity of an answer holds. `window`: {"@start": its start...}."""
    def below(table, levels, key, ordinals):
        for deeper, numbers, pair in walk(levels, table.steps, ordinals):
            columns = columns_of(table, source, window)
            row = {name: column_value(words, deeper, pair, window) for name, words in columns.items()}
            if any("within" in words and not window["@start"] <= row[name] < window["@end"] for name, words in columns.items()):
                continue
            own = key or {name: row[name] for name in root.ids()}
            numbers = () if table is root else numbers
            yield table.name, {**own, **dict(zip(table.ordinals(), numbers)), **row}
            for child in root.below:
                if child.parent is table:
                    yield from below(child, deeper, own, numbers)

    yield from below(root, [entity, answer], None, ())


def stored(site, table, source, window, where="1"):
    """The rows of a table in the file, as rows_of() has them; `where` chooses among its root's, r."""
    root, own = table.root, "r" if table is table.root else "t"
    columns = columns_of(table, source, window)
    names = [f'{own}."{n}"' for n in [*columns, *table.ordinals()]]
    join = ""
    if table is not root:
        names += [f'r."{n}"' for n in root.ids() if n not in columns]
        join = f'JOIN "{table.name}" t USING ("{table.keys()[0]}")'
    for row in site.query(f'SELECT {", ".join(names)} FROM "{root.name}" r {join} WHERE {where}'):
        yield {n: canonical_json(json.loads(row[n])) if "json" in columns.get(n, ()) and row[n] is not None else row[n]
               for n in row.keys()}
