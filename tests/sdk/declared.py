"""What the vendor's SDK declares its answers to be (index.d.ts): the fields that it knows, and their types."""
import re


class Declarations:
    def __init__(self, path):
        text = path.read_text(encoding="utf-8")
        self.answers = dict(re.findall(r"^\s+(\w+)\(.*\): Promise<(.*)>;$", text, re.M))
        # The bodies of interfaces; those of options, which bear the names of methods, are none of an answer.
        self.bodies = dict(re.findall(r"export interface ([A-Z]\w*) \{ *\n(.*?)^\t\}", text, re.M | re.S))
        self.models = {}

    def fields(self, model):
        """{field: (whether it must be there, type)} of a model."""
        if model not in self.models:
            found = re.findall(r'^\s*"(.+?)"(\??): (.+);$', self.bodies[model], re.M)
            self.models[model] = {name: (not optional, kind) for name, optional, kind in found}
        return self.models[model]

    def of(self, name):
        """The type of a method's answers; of a model itself."""
        return self.answers.get(name, "Models." + name)

    def at(self, kind, path):
        """The type of what stands at a path; of an array there, that of its elements."""
        for name in path.split("."):
            kind = self.fields(kind.removeprefix("Models."))[name][1] if name else kind
        return re.sub(r"^Array<(.*)>$", r"\1", kind)

    def uncovered(self, table, source, kind, prefix=""):
        """The fields of a row of this type that no column has, no table below, and no `not`. What has an id of its own is
        no part of the row: its id will do."""
        ignored = table.root.ignored[source]
        held = {path for c in table.columns if source in c.words for path in c.words[source][0].split("|")}
        for name, (_, inner) in self.fields(kind.removeprefix("Models.")).items():
            path = prefix + name
            below = [t for t in table.root.below if t.parent is table and t.steps[0][0] == path]
            if name in ignored or path in ignored or path in held:
                continue
            if below:
                for one in (t for t in below if self.at(kind, name).startswith("Models.")):
                    yield from self.uncovered(one, source, self.at(kind, name))
            elif path + ".id" in held and "id" in self.fields(inner.removeprefix("Models.")):
                continue
            elif any(h.startswith((path + ".", path + "[0].")) for h in held):
                yield from self.uncovered(table, source, self.at(kind, name), path + ("[0]." if inner.startswith("Array") else "."))
            else:
                yield f"{table.name}: {path}"

    def wrong(self, value, kind, place=""):
        """What of a value is not as declared, a line each."""
        plain = {"string": str, "boolean": bool, "number": (int, float), "object": object}
        array, keyed = re.fullmatch(r"Array<(.*)>", kind), re.fullmatch(r"\{ \[key: string\]: (.*?);? \}", kind)
        if array and isinstance(value, list):
            for element in value:
                yield from self.wrong(element, array.group(1), place + "[]")
        elif keyed and isinstance(value, dict):
            for element in value.values():
                yield from self.wrong(element, keyed.group(1), place + "{}")
        elif kind.startswith("Models.") and isinstance(value, dict):
            known = self.fields(kind.removeprefix("Models."))
            yield from (f"{place}.{name}: {kind} has no such field" for name in value if name not in known)
            yield from (f"{place}.{name}: not there" for name, (must, _) in known.items() if must and name not in value)
            for name in value.keys() & known.keys():
                yield from self.wrong(value[name], known[name][1], f"{place}.{name}")
        elif kind not in plain or not isinstance(value, plain[kind]) or (kind == "number" and isinstance(value, bool)):
            yield f"{place}: {value!r:.60} is no {kind}"
