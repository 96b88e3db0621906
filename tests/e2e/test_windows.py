"""Trouble of one window, and what a run makes of a reading that another run left under way."""
import os
import re
import threading
import unittest

from harness import TestCase, compare_conversations, wait_until

START = "2026-03-01"
JOBS = "/api/v2/analytics/conversations/details/jobs"
RESULTS = "path=" + JOBS + "/*/results"


class Windows(TestCase):
    def test_interrupted_job_keeps_its_own_target(self):
        """Its page refused on the next day, the old job's answer is not taken for the new day's."""
        first, second = "2026-03-02T12:00:00Z", "2026-03-03T12:00:00Z"
        server = self.standin(start="2026-03-02", now=first, availability="2026-03-02T06:00:00Z", days=3, per_day=400,
                              page_cap=20, gzip="off")
        date = re.compile(rb',?"dataAvailabilityDate":"[^"]*"')
        asked = []
        killed = threading.Event()

        def wait_from_the_fourth_page_on(_, path, __):
            if "/results" in path and not killed.is_set():
                asked.append(path)
                if len(asked) > 3:
                    killed.wait(60)
                    return 503, b"{}"
            return None

        url = self.rewriting(server.url, wait_from_the_fourth_page_on,
                             edit=lambda path, answer: date.sub(b"", answer) if "/results" in path else answer)
        site = self.site(url, start="2026-03-02")
        run = ("extract", "--stream", "conversations", "--until")
        process = site.start_process(*run, first)
        wait_until(lambda: os.path.exists(site.db) and site.value(
            "SELECT count(*) FROM window_pass WHERE pass = 'job' AND token IS NOT NULL AND pages_read >= 2"))
        process.kill()
        process.communicate()
        killed.set()
        server.control(now=second, availability="2026-03-03T06:00:00Z",
                       faults=["missing-id:" + RESULTS + ",times=1"])
        self.ok(site.run(*run, second), 11)
        self.ok(site.run(*run, second))
        compare_conversations(self, site, server.truth("2026-03-02", now=second, availability="2026-03-03T06:00:00Z"))

    def test_one_day_always_504_the_others_are_read(self):
        now = "2026-03-05T00:00:00Z"
        server = self.standin(now=now, days=4, per_day=30, gzip="off")
        gone = (504, b'{"message":"timeout","code":"request.timeout","status":504}')
        url = self.rewriting(server.url, rule=lambda method, path, body: gone if b'"2026-03-01T' in body else None)
        site = self.site(url, conversations={"method": "query"}, extract={"in_flight": "1"})
        site.env["ROLLCALL_LIMIT_RETRY_TOTAL_MS"] = "300"
        result = self.ok(site.extract("--stream", "conversations", "--until", now), 11)
        self.assertIn("504", result.stderr)
        states = dict(tuple(r) for r in site.query(
            "SELECT substr(window_start, 1, 10), complete_to IS NOT NULL FROM extract_window WHERE window_start IS NOT NULL"))
        self.assertEqual(states, {"2026-03-01": 0, "2026-03-02": 1, "2026-03-03": 1, "2026-03-04": 1})

    def test_failed_job_is_deleted_too(self):
        now = "2026-03-04T06:00:00Z"
        server = self.standin(now=now, faults=["job-fail:n=1"])
        site = self.site(server.url)
        self.ok(site.extract("--stream", "conversations", "--until", now))
        routes = server.requests()["routes"]
        submitted = routes["POST " + JOBS]
        deleted = sum(n for route, n in routes.items() if route.startswith("DELETE "))
        self.assertEqual(deleted, submitted)

    def test_one_bad_answer_does_not_change_the_source(self):
        now = "2026-03-02T10:00:00Z"
        server = self.standin(agents=12, now=now,
                              faults=["not-json:path=/api/v2/workforcemanagement/adherence,times=1"])
        site = self.site(server.url)
        poll = ("extract", "--stream", "adherence_realtime")
        self.ok(site.run(*poll), 8)
        self.assertEqual(site.value("SELECT count(*) FROM stream_source"), 0)
        self.ok(site.run(*poll))
        self.assertEqual(site.value("SELECT plan FROM stream_source"), "workforcemanagement")

    def test_total_hits_alone_end_nothing(self):
        now = "2026-03-04T06:00:00Z"
        server = self.standin(now=now, per_day=30, hits_bias=200000)
        site = self.site(server.url, conversations={"method": "query"})
        self.ok(site.extract("--stream", "conversations", "--until", now,
                             env={"ROLLCALL_LIMIT_QUERY_ROWS": "1000"}))
        compare_conversations(self, site, server.truth(START, now=now, method="query"))


if __name__ == "__main__":
    unittest.main()
