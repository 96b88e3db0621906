"""The documentation says what the program does: generated parts are up to date, every command is described."""
import re
import subprocess
import unittest

from harness import ROLLCALL, ROOT, TestCase


class Docs(TestCase):
    def test_generated_parts_are_up_to_date(self):
        result = subprocess.run(["sh", "scripts/gen-docs.sh", "--check"], cwd=ROOT, env={"ROLLCALL": ROLLCALL,
                                "PATH": "/usr/local/bin:/usr/bin:/bin"}, capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_every_command_is_described(self):
        text = subprocess.run([ROLLCALL, "--help"], capture_output=True, text=True, check=True).stdout
        commands = re.findall(r"^  ([a-z]+) {2,}", text.split("commands:")[1].split("options before")[0], re.M)
        self.assertGreaterEqual(len(commands), 4)
        man = (ROOT / "docs" / "rollcall.1").read_text(encoding="utf-8").replace("\\-", "-")
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        for command in commands:
            self.assertIn("\\fB" + command + "\\fR", man)
            self.assertIn("`rollcall " + command, readme)
            usage = subprocess.run([ROLLCALL, command, "--help"], capture_output=True, text=True, check=True).stdout
            for option in set(re.findall(r"--[a-z][a-z-]+", usage)) - {"--help"}:
                self.assertIn(option, man, command)


if __name__ == "__main__":
    unittest.main()
