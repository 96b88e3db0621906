"""What a person sees: programs at a terminal of a size, as the screen stands when they are done (or at moments on the
way), with what differs from run to run masked, held against the files of tests/golden/screens.

    SCREENS=update python3 tests/e2e/test_screens.py    writes them anew; read the diff before you commit it
"""
import os
import re
import tempfile
import unicodedata

from harness import ROOT, at_terminal

SIZES = ((80, 24), (120, 40))
CONTROL = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b[=>]|.", re.S)
CLEAR = "\r\x1b[K"
KEPT = ROOT / "tests" / "golden" / "screens"

# What differs, and what stands in its place: where a width can be kept it is, so that lines break as they did.
MASKS = (
    (r"127\.0\.0\.1:\d{5}", "127.0.0.1:#####"),
    (r"\b\d{4}-\d\d-\d\d(?=\b|T)", "YYYY-MM-DD"),
    (r"\b\d\d-\d\d (?=\d\d:\d\d)", "MM-DD "),
    (r"\b\d\d:\d\d:\d\d(\.\d+)?", "hh:mm:ss"),
    (r"\b\d\d:\d\d\b", "hh:mm"),
    (r"\b\d+(\.\d+)? (ms|s)\b", r"# \2"),
    (r"\b\d+ rows/s", "# rows/s"),
    (r"\b\d+ [KMGT]?B(?= free)", "# GB"),
    (re.escape(tempfile.gettempdir()) + r"/[\w./-]+", "/tmp/..."),
)


class Screen:
    """A terminal of `columns` by `rows` that has been written to."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines = [""]  # all of them, those that have scrolled away too
        self.at = 0  # the cursor's column in the last one

    def put(self, char):
        wide = 2 if unicodedata.east_asian_width(char) in "WF" else 0 if unicodedata.combining(char) else 1
        if self.at + wide > self.columns:
            self.lines.append("")
            self.at = 0
        line = self.lines[-1].ljust(self.at)
        self.lines[-1] = line[:self.at] + char + line[self.at + 1:]
        self.at += wide

    def feed(self, text):
        for match in CONTROL.finditer(text):
            char, command = match.group(0), match.group(2)
            if command == "K":
                self.lines[-1] = self.lines[-1][:self.at]
            elif char == "\r":
                self.at = 0
            elif char == "\n":
                self.lines.append("")
            elif char == "\t":
                self.at += 8 - self.at % 8
            elif char >= " " and not char.startswith("\x1b"):
                self.put(char)
        return self

    def text(self, masks=()):
        """The rows on the screen, masked."""
        shown = "".join(line.rstrip() + "\n" for line in self.lines[-self.rows:])
        for pattern, instead in (*masks, *MASKS):
            shown = re.sub(pattern, instead, shown)
        return re.sub(r"(?m) +$", "", shown)


def at_screen(command, env, size, **options):
    """Runs a command at a terminal of that size; returns (the screen behind it, with a prompt; what was written, its exit
    code)."""
    env = {"TERM": "xterm", **{k: v for k, v in env.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}}
    written, code = at_terminal(command, env, size[0], lines=size[1], **options)
    return Screen(*size).feed(written + "$ "), written, code


def moments(written, size):
    """The screens before each change of a progress line."""
    screen = Screen(*size)
    for part in written.split(CLEAR):
        yield screen.feed(part)
        screen.feed(CLEAR)


def assert_kept(test, name, screen, masks=()):
    """Holds a screen against its file."""
    path = KEPT / f"{name}-{screen.columns}x{screen.rows}.txt"
    text = screen.text(masks)
    if os.environ.get("SCREENS") == "update":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    test.assertEqual(path.read_text(encoding="utf-8"), text, f"{path}: SCREENS=update writes it anew")
