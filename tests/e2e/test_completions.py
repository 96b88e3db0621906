"""Completions and documentation are made from the program's own lists: all of them, and nothing else, is offered."""
import os
import re
import shutil
import unittest

from harness import ROLLCALL, ROOT, TestCase, command_options, run

NOW = "2026-03-02T06:00:00Z"

# Calls the completion function as bash does; the last word is the one to complete.
CALL = """
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_rollcall
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\\n' "${COMPREPLY[@]}"
"""


def output(*argv):
    return run(argv, check=True).stdout


def generate(shell):
    return output(str(ROOT / "packaging" / "completions.sh"), shell, ROLLCALL, str(ROOT / "schema"))


def queries():
    """Each query's parameters, from the files."""
    return {path.stem: {name + "=" for name in re.findall(r"^-- param: (\w+)", path.read_text(encoding="utf-8"), re.M)}
            for path in (ROOT / "queries").glob("*.sql")}


@unittest.skipUnless(shutil.which("bash"), "no bash here")
class Bash(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = cls.shared().directory()
        cls.script = os.path.join(cls.scratch, "rollcall.bash")
        with open(cls.script, "w", encoding="utf-8") as f:
            f.write(generate("bash"))
        os.makedirs(os.path.join(cls.scratch, "work", "a folder"))
        with open(os.path.join(cls.scratch, "work", "a file.ini"), "w", encoding="utf-8"):
            pass

    def complete(self, line):
        """What is offered at the end of the line; bash makes a word of each `=`."""
        words = [part for word in line.split(" ") for part in (re.findall(r"=|[^=]+", word) or [""])]
        done = run(["bash", "--norc", "-c", CALL, "bash", self.script, *words],
                   cwd=os.path.join(self.scratch, "work"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return set(done.stdout.splitlines())

    def test_commands_and_options(self):
        known = command_options()
        self.assertEqual(self.complete("rollcall "), set(known) - {""} | {"help"})
        self.assertEqual(self.complete("rollcall help ex"), {"extract", "export"})
        self.assertEqual(self.complete("rollcall export -c export --gz"), {"--gzip"})
        for before in ("-v", "-c export", "--config=export"):
            self.assertEqual(self.complete(f"rollcall {before} ex"), {"extract", "export"})
        for command, options in known.items():
            with self.subTest(command):
                self.assertIn("--help", options)
                self.assertEqual(self.complete(f"rollcall -q {command} -" if command else "rollcall -"), options | known[""])

    def test_queries_and_their_parameters(self):
        known = queries()
        self.assertGreaterEqual(len(known), 8)
        self.assertEqual(self.complete("rollcall query "), set(known))
        for name, parameters in known.items():
            self.assertEqual(self.complete(f"rollcall query {name} "), parameters)
        self.assertEqual(self.complete("rollcall query --json abandoned fr"), {"from="})
        self.assertEqual(self.complete("rollcall query abandoned from="), set())
        self.assertEqual(self.complete("rollcall query abandoned from=2026"), set())

    def test_files_directories_and_words(self):
        streams = {line.split("\t")[0] for line in output(ROLLCALL, "--streams").splitlines()}
        self.assertGreaterEqual(len(streams), 4)
        both = {"a file.ini", "a folder"}
        cases = (("-c ", both), ("--config=a", both), ("export --out ", {"a folder"}), ("export --out=", {"a folder"}),
                 ("export --since ", set()), ("snapshot ", both), ("extract --stream ", streams),
                 ("extract --stream users --stream=adherence_r", {"adherence_realtime"}))
        for line, offered in cases:
            self.assertEqual(self.complete("rollcall " + line), offered, line)

    def test_tables(self):
        server = self.standin(start="2026-03-01", days=1, per_day=1, agents=2, now=NOW)
        box = self.site(server.url)
        self.ok(box.extract("--until", NOW))
        tables = {row["name"] for row in box.query("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
                                                   "AND name NOT LIKE 'sqlite_%'")}
        self.assertEqual(self.complete("rollcall export --gzip "), tables)


class Zsh(TestCase):
    def test_names_everything(self):
        text = generate("zsh")
        self.assertTrue(text.startswith("#compdef rollcall\n"))
        for command, options in command_options().items():
            self.assertTrue(not command or re.search(rf"(?m)^        '{command}:.", text))
            for option in options:
                self.assertIn(option, text)
        for name in queries():
            self.assertIn(f"'{name}:", text)

    @unittest.skipUnless(shutil.which("zsh"), "no zsh here")
    def test_parses(self):
        done = run(["zsh", "-n"], input=generate("zsh"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class Docs(TestCase):
    """The documentation says what the program does."""

    def test_generated_parts_are_up_to_date(self):
        result = run(["sh", "scripts/gen-docs.sh", "--check"], cwd=ROOT,
                     env={"ROLLCALL": ROLLCALL, "PATH": "/usr/local/bin:/usr/bin:/bin"})
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_every_command_is_described(self):
        """With just its options, in the manual page and in the README's table."""
        known = command_options()
        self.assertGreaterEqual(len(known), 5)
        man = (ROOT / "docs" / "rollcall.1").read_text(encoding="utf-8").replace("\\-", "-")
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        own = re.search(r"\.SH OPTIONS(.*)\.SH COMMANDS", man, re.S).group(1)
        self.assertEqual(set(re.findall(r"(?m)(?:^\.BR? | )(--?[A-Za-z-]+)", own)), known.pop(""))
        for command, options in known.items():
            with self.subTest(command):
                lines = (re.search(rf"(?m)^\\fB{command}\\fR.*", man), re.search(rf"(?m)^\| `rollcall {command}\b[^`]*`", readme))
                for line in lines:
                    self.assertEqual(set(re.findall(r"--[a-z-]+", line.group())), {o for o in options if o.startswith("--")} - {"--help"})
