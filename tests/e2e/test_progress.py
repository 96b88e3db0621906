"""The progress line of extract: on a terminal alone, five times a second at most, never mixed with the log."""
import os
import re
import tempfile
import time

from harness import TestCase, at_terminal

NOW = "2026-03-04T06:00:00Z"
COMMAND = ("extract", "--until", NOW)
CLEAR = "\r\x1b[K"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Progress(TestCase):
    def slow(self, latency=120, **options):
        return self.site(self.standin(now=NOW, faults=[f"latency:ms={latency}"], page_cap=20, **options).url)

    def again(self, site):
        """The same server, a new file."""
        return self.site(site.settings["genesys"]["login_url"])

    def draw(self, site, *arguments, columns=80, **env):
        """Runs with stderr on a terminal; returns what stood there."""
        env = {"TERM": "xterm", "COLUMNS": None, **env}
        known = {k: v for k, v in {**site.environment(), **env}.items() if v is not None}
        with tempfile.TemporaryFile() as out:
            seen, code = at_terminal(site.command(*arguments), known, columns, stdout=out)
            self.assertEqual((code, out.seek(0, os.SEEK_END)), (0, 0), seen)
        return seen

    def test_a_line_a_stream(self):
        site = self.slow(latency=400)
        text = self.draw(site, *COMMAND, NO_COLOR=None)
        self.assertIn("\x1b[1mconversations\x1b[0m: ", text)
        plain = COLOUR.sub("", text)
        self.assertRegex(plain, r"conversations: \d+ of 4 days, \d+ pages, \d+ rows, \d+ rows/s, about \d+ s left")
        lines = [line.split("\x1b[K")[-1] for line in plain.split("\r\n")]
        for stream in ("users", "queues", "adherence_realtime"):
            self.assertTrue(any(re.match(stream + r": done, 1 page, \d+ rows in \d+ s$", line) for line in lines), lines)
        rows = site.value("SELECT rows_new + rows_changed + rows_unchanged FROM run")
        told = [re.match(r"(\w+): done, \d+ pages?, (\d+) rows", line) for line in lines]
        self.assertEqual(sum(int(t.group(2)) for t in told if t), rows)
        self.assertTrue(lines[-2].startswith("rollcall: run 1: done; streams done 4"), lines)
        self.assertEqual(lines[-1], "")
        text = self.draw(site, "extract", "--stream", "users")
        self.assertIn("users\x1b[0m: up to date\r\n", text)

    def test_no_colour(self):
        site = self.slow(latency=20, per_day=20)
        text = self.draw(site, *COMMAND, NO_COLOR="1")
        self.assertNotIn("\x1b[1m", text)
        self.assertIn("conversations: done, ", text)
        self.assertIn("\x1b[1m", self.draw(self.again(site), *COMMAND, NO_COLOR=""))

    def test_none_without_a_terminal(self):
        site = self.slow(latency=20, per_day=20)
        self.assertEqual(self.ok(site.run(*COMMAND)).stderr, "")
        text = self.draw(self.again(site), *COMMAND, TERM="dumb")
        self.assertNotIn("\x1b", text)
        self.assertNotIn("pages", text)
        self.assertEqual(self.draw(self.again(site), "-q", *COMMAND), "")

    def test_plain_lines_of_a_back_fill_without_a_terminal(self):
        """Pages, rows, rate and time left, as they are counted; nothing but text."""
        site = self.slow(latency=40, per_day=20)
        site.set(extract={"in_flight": "1"})  # one day after another is done
        days = ("backfill", "--from", "2026-03-01", "--to", "2026-03-03", "--stream", "conversations", "--stream", "user_status")
        result = self.ok(site.run(*days, env={"ROLLCALL_LIMIT_TELL_MS": 100}))
        self.assertEqual(re.sub("[ -~\n]", "", result.stdout + result.stderr), "")
        *lines, last = result.stderr.splitlines()
        told = [re.fullmatch(r"backfill: (\d+) %: (\d+) pages?, (\d+) rows?(?:, (\d+) rows/s(?:, about \d+ s left)?)?", line) for line in lines]
        self.assertTrue(any(" s left" in line for line in lines), lines)
        numbers = [tuple(int(n or 0) for n in t.groups()[:3]) for t in told if t]
        self.assertEqual(numbers, sorted(numbers))
        ends = [re.fullmatch(r"(\w+): done, (\d+) pages?, (\d+) rows in \d+ s", line) for line in lines]
        self.assertEqual([bool(t or e) for t, e in zip(told, ends)], [True] * len(lines), lines)
        ends = {e[1]: (int(e[2]), int(e[3])) for e in ends if e}
        self.assertLessEqual({"conversations", "user_status"}, set(ends))
        self.assertEqual([sum(column) for column in zip(*ends.values())],
                         list(site.query("SELECT pages, rows_new + rows_changed + rows_unchanged FROM run")[0]))
        self.assertRegex(last, "^rollcall: run 1: done; streams done 2")
        # a minute is not over
        self.assertNotIn("backfill:", self.ok(self.again(site).run(*days)).stderr)

    def test_five_times_a_second_at_most(self):
        server = self.standin(now=NOW, per_day=400, page_cap=3)
        site = self.site(server.url)
        begun = time.monotonic()
        text = self.draw(site, "extract", "--stream", "conversations", "--until", NOW)
        seconds = time.monotonic() - begun  # at least as long as the program had
        pages = site.value("SELECT pages FROM run")
        drawn = text.count(CLEAR)
        self.assertGreater(pages, 2 * drawn, "the test shows nothing")
        self.assertLessEqual(drawn, 5 * seconds + 4)

    def test_log_lines_go_above_it(self):
        site = self.slow()
        text = self.draw(site, "-v", "-v", *COMMAND, NO_COLOR="1")
        self.assertGreater(text.count("page loaded"), 10)
        for match in re.finditer("time=20", text):
            before = text[:match.start()]
            self.assertTrue(before == "" or before.endswith((CLEAR, "\r\n")), repr(before[-80:]))
        for line in text.split("\r\n"):
            self.assertLessEqual(len(re.findall("time=20", line)), 1)
            if "time=20" in line:
                self.assertNotIn("pages,", line.split("time=20")[1])
        # After a line of the log the progress is there again.
        self.assertRegex(text, r"\r\nconversations: [^\r]*pages")

    def test_width(self):
        site = self.slow()
        for columns in (80, 40, 10):
            text = self.draw(self.again(site), *COMMAND, columns=columns)
            drawn = [re.split("\r\n", part)[0] for part in COLOUR.sub("", text).split(CLEAR)[1:]]
            self.assertGreater(max(len(d) for d in drawn), columns // 2)
            for line in drawn:
                if not line.startswith("rollcall: "):
                    self.assertLess(len(line), columns, line)
