"""The documentation says what the program does: generated parts are up to date, every command is described."""
import re
import unittest

from harness import ROLLCALL, ROOT, TestCase, command_options, run


class Docs(TestCase):
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
                    self.assertEqual(set(re.findall(r"--[a-z-]+", line.group())), options - {"-h", "--help"})


if __name__ == "__main__":
    unittest.main()
