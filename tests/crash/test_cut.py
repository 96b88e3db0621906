"""The connection cut after every byte of an answer: nothing of a partial one is kept, and the repeat brings it whole.

One run meets many cuts: each repeat of the request is cut one byte further on, and at each the file is looked at. The
token's answer, a job's submission, status and results, and the query's page; framed by length, in chunks or by the
close of the connection; plain and gzip; ended by a reset, by a proper close, or by silence.
"""
import concurrent.futures
import itertools
import os
import sqlite3
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
from cut_server import CODINGS, FRAMINGS, ROUTES, Cutter  # noqa: E402
from harness import FULL, TestCase, compare_conversations  # noqa: E402

START = "2026-03-01"
NOW = "2026-03-02T06:00:00Z"
AVAILABLE = "2026-03-02T01:00:00.000Z"
RUN = ("extract", "--stream", "conversations", "--until", NOW)
CUTS_IN_A_RUN = 30     # of the reduced test
PATIENT = {
    "ROLLCALL_LIMIT_RETRY_BASE_MS": "1",
    "ROLLCALL_LIMIT_RETRY_CAP_MS": "1",
    "ROLLCALL_LIMIT_RETRY_TOTAL_MS": "86400000",
}
TABLES = ("conversation", "participant", "session", "segment", "session_metric", "raw_page", "attribute_key",
          "unknown_field", "data_problem")


def some_of(length, whole_at, head, count):
    """Up to `count` points below `length`: the ends of the head and of the document, and others evenly spread."""
    edges = {0, 1, 8, 9, 12, 15, 16, 17, *range(head - 5, head + 3), *range(whole_at - 12, whole_at), length - 1}
    spread = {i * length // count for i in range(count)}
    return sorted(point for point in edges | spread if 0 <= point < length)


def cuts(answer):
    if FULL:
        return range(len(answer.bytes))
    return some_of(len(answer.bytes), answer.whole_at, answer.head_length, CUTS_IN_A_RUN)


def combined():
    """Routes, framings and codings: all, or of the codings one each, in turn, where time matters."""
    everything = list(itertools.product(ROUTES, FRAMINGS, CODINGS))
    return everything if FULL else [one for i, one in enumerate(everything) if i % 4 in (0, 3)]


def stored(path):
    """What of the answers is in the file: rows by table, and how far the window of all the rows got."""
    if not os.path.exists(path):
        return None
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        if db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'extract_window'").fetchone()[0] == 0:
            return None
        rows = tuple(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES)
        pages = db.execute("SELECT coalesce(sum(pages_read), 0), count(cursor) FROM extract_window JOIN window_pass "
                           "USING (window_id) WHERE window_start LIKE '2026-03-01%'").fetchone()
        return rows + pages
    finally:
        db.close()


NOTHING = (0,) * (len(TABLES) + 2)


class Base(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.per_day = 1 if FULL else 3

    def setUp(self):
        self.server = self.standin(now=NOW, days=1, per_day=self.per_day, page_cap=2)

    def method_of(self, route):
        return "query" if route == "query" else "job"

    def cut_site(self, route, framing, coding, mode, points, skip=0, in_flight=1):
        """A site whose API is cut, and the server that cuts."""
        cutter = Cutter(self, self.server.url, route, framing, coding, mode, points, skip)
        site = self.site(cutter.url, extract={"in_flight": str(in_flight)},
                         conversations={"method": self.method_of(route)})
        site.env.update(PATIENT)
        return cutter, site

    def compare(self, site, route):
        truth = self.server.truth(START, now=NOW, availability=AVAILABLE, method=self.method_of(route))
        self.assertGreaterEqual(len(truth), 1)
        compare_conversations(self, site, truth)
        self.assertEqual(site.value("PRAGMA integrity_check"), "ok")

    def assert_given_up(self, result):
        """Trouble that outlasted the repeats, of all windows or (where the server did answer) of the one."""
        self.assertIn(result.returncode, (7, 11), result.stderr)

    def assert_all_cut(self, cutter, points):
        """Each cut that left the document incomplete made the program ask again."""
        if cutter.trouble:
            raise cutter.trouble[0]
        needed = [point for point in points(cutter.answer) if point < cutter.answer.whole_at]
        self.assertGreater(len(needed), 3)
        self.assertEqual(cutter.cut_at[:len(needed)], needed)


class EveryByte(Base):
    def walk(self, route, framing, coding, mode, expected=NOTHING, skip=0):
        """One run that meets a cut at each point, then the whole answer."""
        cutter, site = self.cut_site(route, framing, coding, mode, cuts, skip=skip)

        def nothing_of_it_is_kept():
            deadline = time.monotonic() + 10
            while True:
                now = stored(site.db)
                if now in (None, expected):
                    return
                # What came before the target may still be on its way into the file.
                if cutter.cut_at or time.monotonic() > deadline:
                    raise AssertionError(f"cut at {cutter.cut_at[-1:]}: {now} is stored, not {expected}")
                time.sleep(0.01)

        cutter.before_each = nothing_of_it_is_kept
        self.ok(site.run(*RUN, timeout=3600))
        self.assert_all_cut(cutter, cuts)
        self.compare(site, route)
        return cutter

    def every(self, route):
        """All framings, codings and ways to end; of the ways one each, in turn, where time matters."""
        turn = list(ROUTES).index(route)
        for framing, coding in itertools.product(FRAMINGS, CODINGS):
            modes = ("reset", "fin") if FULL else (("reset", "fin")[turn % 2],)
            turn += 1
            for mode in modes:
                with self.subTest(framing=framing, coding=coding, mode=mode):
                    self.walk(route, framing, coding, mode)

    def test_every_route(self):
        for route in ROUTES:
            with self.subTest(route):
                self.every(route)

    def test_a_later_page_leaves_the_earlier_ones(self):
        """The second page of a job's results is cut: the first stays, row for row."""
        self.server.stop()
        self.server = self.standin(now=NOW, days=1, per_day=5, page_cap=2)
        first = {}
        for framing, coding in itertools.product(FRAMINGS, CODINGS):
            with self.subTest(framing=framing, coding=coding):
                first = first or self.after_first_page()
                self.walk("results", framing, coding, "fin", expected=first, skip=1)

    def after_first_page(self):
        """What is stored when the first page is and nothing of the second."""
        cutter, site = self.cut_site("results", "length", "plain", "fin", lambda answer: [0] * 10**6, skip=1)
        site.env["ROLLCALL_LIMIT_RETRY_TOTAL_MS"] = "300"
        self.assert_given_up(site.run(*RUN))
        state = stored(site.db)
        self.assertEqual(state[0], 2)
        self.assertEqual(state[-2], 1)
        return state


class Silence(Base):
    """The peer stops in the middle and keeps the connection."""

    def test_hang(self):
        combinations = combined()
        with concurrent.futures.ThreadPoolExecutor(15) as pool:
            for problem in pool.map(lambda c: self.hang(*c), combinations):
                if problem:
                    raise problem

    def hang(self, route, framing, coding):
        def points(answer):
            head, whole = answer.head_length, answer.whole_at
            few = [3, head // 2, head, (head + whole) // 2, whole - 1]
            return few + list(range(5, whole - 1, 1 + whole // 60)) if FULL else few

        cutter, site = self.cut_site(route, framing, coding, "hang", points)
        site.env["ROLLCALL_LIMIT_REQUEST_MS"] = "1000"
        states = []
        cutter.before_each = lambda: states.append(stored(site.db))
        try:
            self.ok(site.run(*RUN, timeout=3600))
            self.assert_all_cut(cutter, points)
            self.assertLessEqual(set(states), {None, NOTHING})
            self.compare(site, route)
        except AssertionError as problem:
            problem.args = (f"{route} {framing} {coding}: {problem}",)
            return problem
        return None


class GivenUp(Base):
    """All repeats are cut too: exit 7 (or 11, when another window was read), nothing kept of the page, and the next
    run brings it."""

    def test_the_next_run_goes_on(self):
        for route, framing, coding in combined():
            for part in ((0.01, 0.5, 0.99) if FULL else (0.5,)):
                with self.subTest(route=route, framing=framing, coding=coding, part=part):
                    self.give_up(route, framing, coding, part)

    def give_up(self, route, framing, coding, part):
        def points(answer):
            return [answer.head_length + int((answer.whole_at - answer.head_length) * part)] * 10**5

        cutter, site = self.cut_site(route, framing, coding, "fin", points)
        site.env.update(ROLLCALL_LIMIT_RETRY_TOTAL_MS="600", ROLLCALL_LIMIT_RETRY_CAP_MS="20", ROLLCALL_LIMIT_RETRY_BASE_MS="20")
        self.assert_given_up(site.run(*RUN))
        self.assertGreater(len(cutter.cut_at), 1, "it was not repeated")
        self.assertIn(stored(site.db), (None, NOTHING))
        cutter.heal()
        self.ok(site.run(*RUN))
        self.compare(site, route)


class Control(Base):
    def test_partial_rows_are_seen(self):
        """The two looks at the file: something where there should be nothing, and one row fewer than there should be."""
        cutter, site = self.cut_site("query", "length", "plain", "fin", lambda answer: [])
        self.ok(site.run(*RUN))
        self.assertEqual(cutter.passed, 1)
        self.assertNotEqual(stored(site.db), NOTHING)
        self.compare(site, "query")
        site.change("DELETE FROM session_metric WHERE (conversation_key, participant_no, session_no, metric_no) = "
                    "(SELECT conversation_key, participant_no, session_no, metric_no FROM session_metric LIMIT 1)")
        with self.assertRaises(AssertionError):
            self.compare(site, "query")
