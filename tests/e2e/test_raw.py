"""What is kept of answers and runs, how it goes again, and what is made of it: replay."""
import sqlite3
import unittest

from harness import FULL, TestCase, ago, killed

POLL = ("extract", "--stream", "adherence_realtime")
# A day passes: what the ledger has dated is a day older.
DAY_LATER = "; ".join(f"UPDATE {table} SET {column} = strftime('%Y-%m-%dT%H:%M:%fZ', {column}, '-1 day')" for table, column in
                      (("run", "started_at"), ("run", "ended_at"), ("raw_page", "received_at"), ("raw_reading", "read_at")))
# What the last poll left, once more.
ONE_MORE_POLL = """
    INSERT INTO run SELECT (SELECT max(run_id) + 1 FROM run), {run} FROM run WHERE run_id = (SELECT max(run_id) FROM run);
    INSERT INTO request_count SELECT (SELECT max(run_id) FROM run), {count} FROM request_count
    WHERE run_id = (SELECT max(run_id) - 1 FROM run);
    INSERT INTO raw_page SELECT (SELECT max(raw_page_id) + 1 FROM raw_page), window_id, (SELECT max(run_id) FROM run), {page}
    FROM raw_page WHERE raw_page_id = (SELECT max(raw_page_id) FROM raw_page);
"""


class Kept(TestCase):
    def polled(self, **sections):
        server = self.standin(start=ago(days=1), days=2)
        site = self.site(server.url, start=ago(days=1), extract={"streams": "adherence_realtime"}, **sections)
        self.ok(site.run(*POLL))
        return server, site

    def columns(self, site, table, *but):
        return ", ".join(r["name"] for r in site.query(f"PRAGMA table_info({table})") if r["name"] not in but)

    def test_polls_do_not_make_the_file_grow(self):
        """A day's polls, as the last one left them, then a poll that clears up; and the next day."""
        _, site = self.polled()
        once = ONE_MORE_POLL.format(run=self.columns(site, "run", "run_id"), count=self.columns(site, "request_count", "run_id"),
                                    page=self.columns(site, "raw_page", "raw_page_id", "window_id", "run_id"))
        days, a_day, settled = (348, 288, 20) if FULL else (14, 40, 10)
        sizes = []
        asked = site.value("SELECT sum(requests) FROM run")
        per_poll = site.value("SELECT requests FROM run ORDER BY run_id DESC LIMIT 1")
        for _ in range(days):
            site.change("BEGIN;" + once * (a_day - 1) + DAY_LATER + "; COMMIT")
            asked += per_poll * (a_day - 1)
            self.ok(site.run(*POLL))
            [(per_poll,)] = site.query("SELECT requests FROM run ORDER BY run_id DESC LIMIT 1")
            asked += per_poll
            sizes.append(site.value("SELECT page_count FROM pragma_page_count"))
        print(f"{days} days of {a_day} polls: {sizes[settled] * 8} KB after {settled} days, {sizes[-1] * 8} KB at the end, "
              f"{site.value('SELECT count(*) FROM run')} runs")
        self.assertLessEqual(sizes[-1], sizes[settled] + (days - settled) // 8 + 2)
        self.assertEqual(site.value("SELECT sum(requests) FROM run"), asked)
        self.assertEqual(site.value("SELECT sum(requests) FROM request_count"), asked)
        self.assertEqual(site.value("SELECT sum(ifnull(runs, 1)) FROM run"), days * a_day + 1)
        self.assertLess(site.value("SELECT count(*) FROM raw_page"), 8 * a_day)

    def test_none_are_kept(self):
        server = self.standin(start=ago(days=2), days=2)
        site = self.site(server.url, start=ago(days=2), database={"keep_raw_days": "0"})
        self.ok(site.extract())
        self.assertEqual(site.value("SELECT count(*) FROM raw_page"), 0)
        self.assertEqual(site.value("SELECT count(*) FROM raw_reading"), 0)

    def test_old_runs_are_one(self):
        """Of each kind the last one stays, with what all of them counted."""
        _, site = self.polled()
        for _ in range(3):
            self.ok(site.run(*POLL))
        site.change("UPDATE run SET started_at = '2020-01-0' || run_id || substr(started_at, 11); UPDATE run SET exit_code = 7 WHERE run_id = 2")
        asked = site.value("SELECT sum(requests) FROM run")
        self.ok(site.run(*POLL))
        self.assertEqual([tuple(r) for r in site.query("SELECT run_id, runs FROM run")], [(2, None), (4, 3), (5, None)])
        self.assertEqual(site.value("SELECT sum(requests) FROM run WHERE run_id < 5"), asked)

    def test_a_reader_and_kills_while_old_answers_go(self):
        _, site = self.polled()
        site.change("CREATE TABLE one AS SELECT * FROM raw_page LIMIT 1")
        old = """WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 2000)
            INSERT INTO raw_page SELECT NULL, window_id, run_id, {} FROM one, n;
            UPDATE raw_page SET received_at = '2020-01-01T00:00:00.000Z'""".format(
            self.columns(site, "raw_page", "raw_page_id", "window_id", "run_id"))
        self.ok(site.run(*POLL))
        site.change(old)
        steps = len(site.steps(*POLL))
        site.change(old)
        reader = sqlite3.connect(site.db)
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM raw_page").fetchone()[0]
        self.assertTrue(killed(site.run(*POLL, env={"ROLLCALL_KILL_STEP": steps - 10})))
        left = site.value("SELECT count(*) FROM raw_page WHERE received_at < '2021'")
        self.assertTrue(0 < left < before, left)
        self.ok(site.run(*POLL))
        self.assertEqual(reader.execute("SELECT count(*) FROM raw_page").fetchone()[0], before)
        reader.close()
        self.assertEqual(site.value("SELECT count(*) FROM raw_page WHERE received_at < '2021'"), 0)
        self.assertEqual(site.value("PRAGMA integrity_check"), "ok")


if __name__ == "__main__":
    unittest.main()
