"""kill -9 at every step of an extraction of all streams (request, answer, commit, rename): resumed, it equals an
uninterrupted run row for row, re-fetches at most what was in flight, and one more run changes nothing."""
import csv
import io
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
from harness import FULL, TestCase, check_sound, csv_bytes, killed  # noqa: E402

NOW = "2026-03-04T06:00:00Z"
RUN = ("extract", "--until", NOW)


def exported(site, name="export"):
    """The CSV files of an export. When a state was seen is left out: it is seen again by each run."""
    files = csv_bytes(site.export(name))
    rows = list(csv.DictReader(io.StringIO(files["adherence_state.csv"].decode())))
    files["adherence_state.csv"] = [{k: v for k, v in row.items() if not k.endswith("_observed")} for row in rows]
    return files


class Kill(TestCase):
    def setUp(self):
        self.server = self.standin(now=NOW, per_day=14, agents=8, page_cap=6)

    def clean(self, **sections):
        site = self.site(self.server.url, **sections)
        steps = site.steps(*RUN)
        check_sound(self, site)
        return exported(site), steps

    def kill_at(self, step, wanted, **sections):
        site = self.site(self.server.url, **sections)
        result = site.run(*RUN, env={"ROLLCALL_KILL_STEP": step})
        if result.returncode == 0:
            return False  # pages that happen to wait together share a commit: this run took fewer steps
        self.assertTrue(killed(result), f"step {step}: {result.returncode} {result.stderr}")
        self.ok(site.run(*RUN))
        self.assertEqual(exported(site, "resumed"), wanted, f"killed at step {step}")
        self.ok(site.run(*RUN))
        if FULL:
            self.assertEqual(exported(site, "again"), wanted, f"killed at step {step}, one more run")
        self.assertEqual(site.value("SELECT rows_new + rows_changed FROM run ORDER BY run_id DESC LIMIT 1"), 0)
        check_sound(self, site)
        return True

    def every(self, sections):
        wanted, steps = self.clean(**sections)
        self.assertGreater(len(steps), 60)
        self.assertLessEqual({"request", "answer", "commit", "committed"}, set(steps))
        stride = 1 if FULL else max(1, len(steps) // 12)
        done = [self.kill_at(step, wanted, **sections) for step in range(1, len(steps) + 1, stride)]
        self.assertGreater(sum(done), 3 * len(done) // 4)

    def test_auto_in_order(self):
        self.every({"extract": {"in_flight": "1"}})

    def test_auto_parallel(self):
        self.every({"extract": {"in_flight": "8"}})

    def requests(self):
        """How many there were since the last call, polls of jobs aside: their number is the machine's speed."""
        routes = self.server.requests()["routes"]
        self.server.control(reset_requests=True)
        return sum(n for route, n in routes.items() if not re.fullmatch(r"GET .*/details/jobs/[^/]+", route))

    def test_at_most_what_was_in_flight_is_fetched_again(self):
        sections = {"extract": {"in_flight": "1"}}
        self.requests()
        _, steps = self.clean(**sections)
        whole = self.requests()
        for step in range(20, len(steps), 1 if FULL else len(steps) // 6):
            site = self.site(self.server.url, **sections)
            was_killed = killed(site.run(*RUN, env={"ROLLCALL_KILL_STEP": step}))
            self.ok(site.run(*RUN))
            # Again: the page in flight, a login, the availability date, where the agents are, and a list from its start.
            asked = self.requests()
            if was_killed:
                self.assertLessEqual(asked, whole + 6, f"killed at step {step}")


class Control(TestCase):
    """The comparisons can fail: a lost row shows, and so does a row whose owner is gone."""

    def test_a_missing_row_is_seen(self):
        server = self.standin(now=NOW, per_day=14, agents=8)
        site = self.site(server.url)
        self.ok(site.run(*RUN))
        wanted = exported(site, "one")
        check_sound(self, site)
        for table, key in (("segment", "conversation_key, participant_no, session_no, segment_no"),
                           ("adherence_state", "user_id, state_start"), ("conversation", "conversation_key")):
            site.change(f"DELETE FROM {table} WHERE ({key}) = (SELECT {key} FROM {table} LIMIT 1)")
            found = exported(site, "two")
            self.assertNotEqual(found[table + ".csv"], wanted[table + ".csv"])
        with self.assertRaises(AssertionError):
            check_sound(self, site)


if __name__ == "__main__":
    unittest.main()
