"""Each house rule is shown to fail on a bad sample, and to pass on a good one."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lint  # noqa: E402

GOOD = {
    "src/base/thing.h": '''/* A thing: always whole. */
#ifndef THING_H
#define THING_H

#include <stdbool.h>

struct thing {
    int size;
};

/* Makes it; false when it is too large. */
bool thing_make(struct thing *t, int size);

/* Two readers of a made thing. */
int thing_size(const struct thing *t);
bool thing_is_empty(const struct thing *t)
    __attribute__((pure));

/* Twice the size. */
static inline int thing_twice(const struct thing *t)
{
    return 2 * thing_size(t);
}

#endif
''',
    "src/base/thing.c": '''#include "base/thing.h"

/* system("x"); is only said here, and "strcpy(a, b)" there. */
bool thing_make(struct thing *t, int size)
{
    const char *text = "strcpy(a, b); } {";
    t->size = size + (text[0] == '}');
    return true;
}
''',
    "src/io/db.c": '#include "base/thing.h"\n#include <sqlite3.h>\nconst char *q = "SELECT 1";\n',
    "src/main.c": '#include "io/db.h"\nconst char *m = "DELETE /jobs";\nconst char *n = "Select one.";\n',
    "src/io/db.h": "/* The database. */\n",
    "src/io/row.h": '/* A row. */\n#include "base/thing.h"\n',
    "queries/one.sql": "-- title: One\n-- description: a row.\n-- param: from  [day] the first day\n"
                       "SELECT ':no' WHERE :from;\n",
    "schema/0001_a.sql": "CREATE TABLE a (\n    a_id TEXT PRIMARY KEY, -- the id\n    -- its size, bytes\n"
                         "    size INTEGER\n) STRICT;\n",
    "README.md": "# Title here\n[a](docs/a.md) [b](#title-here) [c](https://example.org/x) `[d](none.md)`\n",
    "docs/a.md": "[up](../README.md#title-here)\n",
}

ENDLESS = "void f(void)\n{\n%s}\n" % ("    ;\n" * 75)
SQL_QUERY = "-- title: One\n-- description: a row.\n"

# A rule, a sample that it finds fault with, and where.
BAD = [
    (lint.rule_layers, "src/base/thing.c", '#include "base/thing.h"\n#include "io/db.h"\n', 2),
    (lint.rule_layers, "src/run/a.c", '#include "thing.h"\n'),
    (lint.rule_layers, "src/misc/a.c", "int a;\n"),
    (lint.rule_named_once, "src/io/db.h", '/* a */\n#include "base/thing.h"\n#include "io/row.h"\n', 2),
    (lint.rule_internal_header, "src/io/a_internal.h", "/* a */\n", 1),
    (lint.rule_third_party, "src/etl/a.c", "#include <stdio.h>\n#include <zlib.h>\n", 2),
    (lint.rule_third_party, "src/run/a.c", "#include <curl/curl.h>\n"),
    (lint.rule_typedef, "src/io/a.h", "/* a */\ntypedef struct a a_t;\n", 2),
    (lint.rule_function_length, "tests/unit/test_a.c", ENDLESS, 1),
    (lint.rule_header_purpose, "src/io/a.h", "#ifndef A\n#endif\n"),
    (lint.rule_whitespace, "src/io/a.c", "int a; \n", 1),
    (lint.rule_whitespace, "src/io/a.c", "int a;"),
    (lint.rule_markdown_link, "docs/a.md", "\n[x](none.md)\n", 2),
    (lint.rule_markdown_link, "docs/a.md", "[x](../README.md#nowhere)\n"),
    (lint.rule_query_header, "queries/a.sql", "SELECT 1;\n"),
    (lint.rule_query_header, "queries/a.sql", "-- title: A\nSELECT 1;\n"),
    (lint.rule_query_header, "queries/a.sql", SQL_QUERY + "SELECT :day;\n"),
    (lint.rule_query_header, "queries/a.sql", SQL_QUERY + "-- param: day  [day] a day\nSELECT 1;\n"),
    (lint.rule_query_header, "queries/a.sql", SQL_QUERY + "SELECT 1; SELECT 2;\n"),
    (lint.rule_schema_name, "schema/b.sql", "SELECT 1;\n"),
    (lint.rule_shell_syntax, "scripts/a.sh", "#!/bin/sh\necho a\n"),
    (lint.rule_shell_syntax, "scripts/a.sh", "#!/bin/sh\nif\n", None, 2),
    (lint.rule_header_alone, "src/io/a.h", "/* a */\nsize_t a;\n"),
]


def write_all(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)


class Rules(unittest.TestCase):
    def findings(self, rule, changes=None):
        files = dict(GOOD)
        files.update(changes or {})
        with tempfile.TemporaryDirectory() as root:
            write_all(root, files)
            return [(path, line, message) for path, line, _, message in lint.check(lint.Tree(root), [rule])]

    def shows(self, rule, path, text, line=None, count=1):
        """The rule finds `count` faults in the sample, and all of them there."""
        found = self.findings(rule, {path: text})
        self.assertEqual(len(found), count, found)
        self.assertEqual({where for where, _, _ in found}, {path})
        if line:
            self.assertEqual(found[0][1], line)

    def test_bad_samples_are_found(self):
        for sample in BAD:
            with self.subTest(sample=sample):
                self.shows(*sample)

    def test_good_tree_passes_every_rule(self):
        for rule in lint.RULES:
            with self.subTest(rule=rule.__name__):
                self.assertEqual(self.findings(rule), [])

    def test_layer_sideways(self):
        self.shows(lint.rule_layers, "src/api/a.c", '#include "etl/b.h"\n#include "io/db.h"\n', line=1)
        found = self.findings(lint.rule_layers, {"src/api/a.c": '#include "etl/b.h"\n', "src/etl/b.h": "/* b */\n"})
        self.assertEqual([path for path, _, _ in found], ["src/api/a.c"])

    def test_circle(self):
        """Through the pair of a header and its source, and between two headers."""
        for a, b in (("src/io/a.c", "src/io/b.h"), ("src/io/a.h", "src/io/b.h"), ("src/io/a.h", "src/io/b.c")):
            with self.subTest(a=a, b=b):
                found = self.findings(lint.rule_circle, {
                    "src/io/a.h": "/* a */\n", "src/io/b.h": "/* b */\n", a: '/* a */\n#include "io/b.h"\n',
                    b: '/* b */\n#include "io/a.h"\n#include "io/db.h"\n'})
                self.assertEqual([message for _, _, message in found], ["a circle of files: src/io/a, src/io/b"])
        self.assertEqual(self.findings(lint.rule_circle, {"src/io/a.h": "/* a */\n",
                                                          "src/io/a.c": '#include "io/a.h"\n#include "io/b.h"\n',
                                                          "src/io/b.h": '/* b */\n#include "io/db.h"\n'}), [])

    def test_banned(self):
        for name in lint.BANNED:
            with self.subTest(name=name):
                self.shows(lint.rule_banned, "src/io/a.c", "\nvoid f(void)\n{\n    %s (x);\n}\n" % name, line=4)
        self.assertEqual(self.findings(lint.rule_banned, {"src/io/a.c": "int x = my_system(1) + localtime_r(a, b);\n"}), [])

    def test_file_length(self):
        self.shows(lint.rule_file_length, "tests/e2e/long.py", "x = 1\n" * 1301)
        self.assertEqual(self.findings(lint.rule_file_length, {"src/io/long.c": "int a;\n" * 1300}), [])

    def test_prototype_comment(self):
        self.shows(lint.rule_prototype_comment, "src/io/a.h", "/* a */\n\nint a(void);\n", line=3)
        self.shows(lint.rule_prototype_comment, "src/io/a.h", "/* a */\nint a(void);\n\nint b(void);\n", line=4)
        self.shows(lint.rule_prototype_comment, "src/io/a.h", "/* a */\n\nstatic inline int b(void)\n{\n}\n", line=3)
        self.shows(lint.rule_prototype_comment, "src/io/a.h", "/* a */\n\nint b(int x)\n    __attribute__((pure));\n")
        self.shows(lint.rule_prototype_comment, "src/io/a.h", "/* a */\n\n#define A 1\nint b(void);\n", line=4)
        self.assertEqual(self.findings(lint.rule_prototype_comment, {"src/io/a.h": "/* a */\n#define A(x) \\\n    (x)\n"
                                                                     "struct b {\n    int c;\n};\nint d(void);\n"}), [])

    def test_sql_in_c(self):
        for text in ("SELECT 1", "  SELECT a", "INSERT INTO a", "INSERT OR REPLACE", "DELETE FROM a", "UPDATE a SET b",
                     "CREATE TABLE a", "DROP VIEW a", "ALTER TABLE a", "select a from b", "WITH a AS ("):
            with self.subTest(text=text):
                self.shows(lint.rule_sql_in_c, "src/run/a.c", 'const char *q = "%s";\n' % text)
        call = 'bool f(void)\n{\n    return %s(d, e, "SELECT a "%s, I(g(1)));\n}\n'
        self.shows(lint.rule_sql_in_c, "src/run/a.c", call % ("snprintf", ""), line=3)
        self.shows(lint.rule_sql_in_c, "src/run/a.c", call % ("db_ask", '\n"b "' * lint.MAX_SQL_LITERALS), line=3)
        self.assertEqual(self.findings(lint.rule_sql_in_c, {"src/run/a.c": call % ("db_ask", '\n"FROM b "')}), [])

    def test_forbidden_words(self):
        samples = ["TO" + "DO: later", "XX" + "X", "the C" + "EO says", "a server f" + "arm", "a sub" + "agent",
                   "see ../sh" + "ared/a", "cd /wo" + "rk/a", "http://deb.deb" + "ian.org/", "registry.np" + "mjs.org"]
        for text in samples:
            with self.subTest(text=text):
                self.shows(lint.rule_forbidden, "docs/b.md", "fine\n%s\n" % text, line=2)
        self.assertEqual(self.findings(lint.rule_forbidden, {".ci/run": "cat ../sh" + "ared/contract\n"}), [])

    def test_house(self):
        files = {"src/base/a.h": "/* a */\n\n/* one */\nint a(void);\n\nint b(void);\n",
                 "src/base/a.c": '#include "base/a.h"\n\nint a(void)\n{\n    return 1;\n}\n',
                 "src/io/b.c": "static int c(\n    int x)\n{\n    return x;\n}\n\nint d(void)\n{\n}\n", "docs/a.md": "a\n"}
        with tempfile.TemporaryDirectory() as root:
            write_all(root, files)
            self.assertEqual(list(lint.house(lint.Tree(root))), [
                "src: 21 lines: base 12, io 9", "beside it: docs 1",
                "functions: 3, median 4 lines, longest 5 (src/io/b.c:1)", "files: 3, median 6 lines, longest 9 (src/io/b.c)",
                "prototypes: 2, documented 1", "circles of files: 0"])

    def test_what_streams_cost(self):
        """Rows of the registry are counted, not its comments and lists."""
        files = {"src/streams/registry.txt": "# one\n\nROWS: &$1\n\nusers\nqueues\n", "src/streams/a.c": "int a;\nint b;\n",
                 "src/streams/a.h": "/* a */\n", "src/streams/a.sql": "-- name: A\nSELECT 1;\n", "src/run/b.c": "int b;\n",
                 "schema/0001_a.sql": "-- a\n" * 5, "schema/views.sql": "-- v\n"}
        with tempfile.TemporaryDirectory() as root:
            write_all(root, files)
            self.assertEqual(list(lint.streams_cost(lint.Tree(root))), [
                "streams: 2, each a row of the registry: C in src/streams 3 (1.5 a stream), SQL beside it 2 (1.0 a stream), "
                "SQL in schema 5 (2.5 a stream)"])
        self.assertEqual(list(lint.streams_cost(lint.Tree(os.path.dirname(os.path.abspath(__file__))))), [])

    def test_every_rule_is_shown_to_fail(self):
        with open(os.path.abspath(__file__), encoding="utf-8") as file:
            text = file.read()
        for rule in lint.RULES:
            self.assertIn("lint.%s," % rule.__name__, text)
