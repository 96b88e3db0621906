"""Trouble of one window, and what a run makes of a reading that another run left under way."""
import http.server
import re
import signal
import threading
import time
import unittest
import urllib.error
import urllib.request

from harness import TestCase, compare_conversations, killed

START = "2026-03-01"
JOBS = "/api/v2/analytics/conversations/details/jobs"
RESULTS = "path=" + JOBS + "/*/results"


class Rewriting(http.server.BaseHTTPRequestHandler):
    """Passes requests on; the server's `rule(method, path, body)` may answer itself (status, bytes), and
    `edit(path, answer)` may change an answer."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def forward(self, body):
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "accept-encoding", "connection")}
        request = urllib.request.Request(self.server.upstream + self.path, data=body, headers=headers,
                                         method=self.command)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as e:
            return e.code, e.read()

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        own = self.server.rule(self.command, self.path, body or b"")
        status, answer = own or self.forward(body)
        answer = self.server.edit(self.path, answer)
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_DELETE = handle_any


class Windows(TestCase):
    def proxy(self, upstream, rule=lambda *_: None, edit=lambda _, answer: answer):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Rewriting)
        server.upstream, server.rule, server.edit, server.daemon_threads = upstream, rule, edit, True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def test_interrupted_job_keeps_its_own_target(self):
        """Its page refused on the next day, the old job's answer is not taken for the new day's."""
        first, second = "2026-03-02T12:00:00Z", "2026-03-03T12:00:00Z"
        server = self.standin(start="2026-03-02", now=first, availability="2026-03-02T06:00:00Z", days=3, per_day=400,
                              page_cap=20, gzip="off")
        date = re.compile(rb',?"dataAvailabilityDate":"[^"]*"')
        url = self.proxy(server.url, edit=lambda path, a: date.sub(b"", a) if "/results" in path else a)
        site = self.site(url, start="2026-03-02")
        run = ("extract", "--stream", "conversations", "--until")
        # The window's job is under way, some pages in: one page is at most four steps.
        step = 30
        while not site_has_job(site):
            result = site.run(*run, first, env={"ROLLCALL_KILL_STEP": step})
            self.assertTrue(killed(result), result.stderr)
            step += 1
        server.control(now=second, availability="2026-03-03T06:00:00Z",
                       faults=["missing-id:" + RESULTS + ",times=1"])
        self.ok(site.run(*run, second), 11)
        self.ok(site.run(*run, second))
        compare_conversations(self, site, server.truth("2026-03-02", now=second, availability="2026-03-03T06:00:00Z"))

    def test_one_day_always_504_the_others_are_read(self):
        now = "2026-03-05T00:00:00Z"
        server = self.standin(now=now, days=4, per_day=30, gzip="off")
        gone = (504, b'{"message":"timeout","code":"request.timeout","status":504}')
        url = self.proxy(server.url, rule=lambda method, path, body: gone if b'"2026-03-01T' in body else None)
        site = self.site(url, conversations={"method": "query"}, extract={"in_flight": "1"})
        site.env["ROLLCALL_LIMIT_RETRY_TOTAL_MS"] = "300"
        result = self.ok(site.extract("--stream", "conversations", "--until", now), 11)
        self.assertIn("504", result.stderr)
        states = dict(tuple(r) for r in site.query(
            "SELECT substr(window_start, 1, 10), complete_to IS NOT NULL FROM extract_window WHERE kind = 'day'"))
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

    def test_hangup_is_a_stop(self):
        now = "2026-03-04T06:00:00Z"
        server = self.standin(now=now, faults=["latency:ms=200"], page_cap=10)
        site = self.site(server.url)
        process = site.start_process("extract", "--stream", "conversations", "--until", now)
        time.sleep(0.8)
        process.send_signal(signal.SIGHUP)
        _, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 12, err)

    def test_total_hits_alone_end_nothing(self):
        now = "2026-03-04T06:00:00Z"
        server = self.standin(now=now, per_day=30, hits_bias=200000)
        site = self.site(server.url, conversations={"method": "query"})
        self.ok(site.extract("--stream", "conversations", "--until", now,
                             env={"ROLLCALL_LIMIT_QUERY_ROWS": "1000"}))
        compare_conversations(self, site, server.truth(START, now=now, method="query"))


def site_has_job(site):
    try:
        return bool(site.value("SELECT count(*) FROM extract_window WHERE reading_plan = 'job' AND job_id IS NOT NULL "
                               "AND pages_read BETWEEN 2 AND 8 AND kind = 'day'"))
    except Exception:  # the file is not there yet
        return False


if __name__ == "__main__":
    unittest.main()
