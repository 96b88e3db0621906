"""The file for Prometheus: written after every run, also after one that failed, and as Prometheus wants it."""
import os
import re
import shutil
import time

from harness import ROOT, TestCase, needs, run

NOW = "2026-03-04T06:00:00Z"
PROMTOOL = "promtool" if shutil.which("promtool") else ROOT / "build" / "tools" / "promtool"
SAMPLE = re.compile(r"^(rollcall_\w+)(?:\{([^}]*)\})? (-?\d+(?:\.\d+)?)$")


def samples(text):
    """{name: value} or {(name, labels): value}; fails on a line that is neither comment nor sample."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("# "):
            name, labels, value = SAMPLE.match(line).groups()
            found[(name, labels) if labels else name] = float(value)
    return found


class Metrics(TestCase):
    def ready(self, **options):
        server = self.standin(now=NOW, per_day=20, **options)
        site = self.site(server.url)
        self.file = os.path.join(site.directory, "rollcall.prom")
        site.set(metrics={"textfile": self.file})
        return server, site

    def read(self):
        with open(self.file, encoding="ascii") as f:
            text = f.read()
        self.assertFalse([n for n in os.listdir(os.path.dirname(self.file)) if n.startswith(".rollcall.prom")])
        return text, samples(text)

    def refused(self, server, site):
        """A run that lacks a permission."""
        server.control(deny=["/api/v2/analytics/conversations"])
        return self.ok(site.extract("--stream", "conversations", "--until", "2026-03-07T06:00:00Z"), 5)

    def test_a_good_run(self):
        _, site = self.ready()
        before = time.time()
        self.ok(site.extract("--until", NOW))
        _, m = self.read()
        row = site.query("SELECT * FROM run")[0]
        self.assertEqual((m["rollcall_last_run_success"], m["rollcall_last_run_exit_code"]), (1, 0))
        self.assertEqual(m["rollcall_last_run_requests"], row["requests"])
        self.assertEqual(m["rollcall_last_run_received_bytes"], row["bytes"])
        for result in ("new", "changed", "unchanged"):
            self.assertEqual(m["rollcall_last_run_rows", f'result="{result}"'], row["rows_" + result])
            self.assertEqual(m["rollcall_rows_total", f'result="{result}"'], row["rows_" + result])
        for name in ("rollcall_last_run_timestamp_seconds", "rollcall_last_success_timestamp_seconds"):
            self.assertLessEqual(abs(m[name] - before), 30)
        self.assertNotIn("rollcall_last_failure_timestamp_seconds", m)
        talks = 'stream="conversations"'
        self.assertEqual(m["rollcall_stream_rows", talks], site.value("SELECT count(*) FROM conversation"))
        for state in ("open", "provisional", "settled"):
            count = site.value("SELECT count(*) FROM extract_window WHERE window_start IS NOT NULL AND state = ?", state)
            self.assertEqual(m["rollcall_stream_windows", f'{talks},state="{state}"'], count)
        self.assertEqual(m["rollcall_stream_complete_to_timestamp_seconds", talks], 1772604000)
        self.assertEqual(m["rollcall_stream_windows_behind", talks], 1, "4 March is over by the clock")
        self.ok(site.extract("--stream", "adherence_realtime"))
        _, again = self.read()
        self.assertEqual(again["rollcall_runs_total"], 2)
        self.assertGreater(again["rollcall_requests_total"], m["rollcall_requests_total"])
        self.assertEqual(again["rollcall_stream_rows", talks], m["rollcall_stream_rows", talks])

    def test_what_was_never_there_has_no_sample(self):
        _, site = self.ready()
        begun = time.monotonic()
        self.ok(site.extract("--stream", "conversations", "--stream", "users", "--until", NOW))
        text, m = self.read()
        self.assertEqual((m["rollcall_database_up"], m["rollcall_last_run_streams", 'result="done"']), (1, 2))
        self.assertTrue(0 < m["rollcall_last_run_duration_seconds"] <= time.monotonic() - begun)
        behind = m["rollcall_stream_behind_seconds", 'stream="conversations"']
        self.assertAlmostEqual(behind, time.time() - 1772604000, delta=60)
        self.assertEqual([m["rollcall_stream_overdue", f'stream="{s}"'] for s in ("queues", "users")], [1, 0])
        self.assertNotRegex(text, 'rollcall_stream_behind_seconds{stream="queues"}|rollcall_last_failure')

    def test_failed_runs(self):
        server, site = self.ready()
        self.ok(site.extract("--until", NOW))
        success = self.read()[1]["rollcall_last_success_timestamp_seconds"]
        time.sleep(1)
        self.refused(server, site)
        _, m = self.read()
        self.assertEqual((m["rollcall_last_run_success"], m["rollcall_last_run_exit_code"]), (0, 5))
        self.assertEqual(m["rollcall_last_success_timestamp_seconds"], success)
        self.assertEqual(m["rollcall_last_run_streams", 'result="left"'], 1)
        self.assertGreater(m["rollcall_last_failure_timestamp_seconds"], success)
        self.assertEqual(m["rollcall_stream_windows_behind", 'stream="conversations"'], 4, "4 to 7 March")
        site.set(genesys={"client_secret": "wrong"})
        self.ok(site.extract("--stream", "users", "--stream", "conversations"), 4)
        self.assertEqual(self.read()[1]["rollcall_last_run_exit_code"], 4)
        site.set(extract={"start": None})
        self.ok(site.extract(), 3)
        self.assertEqual(self.read()[1]["rollcall_last_run_exit_code"], 3)

    def test_without_a_database(self):
        _, site = self.ready()
        with open(site.db, "w", encoding="ascii") as f:
            f.write("no database at all, but long enough to be looked at" * 100)
        self.ok(site.extract("--until", NOW), 9)
        _, m = self.read()
        self.assertEqual((m["rollcall_database_up"], m["rollcall_last_run_exit_code"]), (0, 9))
        self.assertNotIn("rollcall_runs_total", m)

    def test_a_file_that_cannot_be_written(self):
        server, site = self.ready()
        site.set(metrics={"textfile": site.directory + "/absent/rollcall.prom"})
        lines = self.ok(site.extract("--until", NOW), 9).stderr.splitlines()
        self.assertIn("[metrics] textfile: cannot write", lines[0])
        self.assertIn("streams done 4, not done 0", lines[-1])
        self.assertEqual(site.value("SELECT exit_code FROM run"), 0)
        self.assertIn('level=warn event="metrics not written"', self.refused(server, site).stderr)

    def test_a_file_of_somebody_else(self):
        _, site = self.ready()
        site.set(metrics={"textfile": site.db})
        self.assertIn("left as it is", self.ok(site.extract("--until", NOW), 9).stderr)
        self.assertEqual(site.value("PRAGMA integrity_check"), "ok")

    def test_killed_while_it_is_written(self):
        """At every step of a run: the old file or the new one, whole."""
        _, site = self.ready()
        self.ok(site.extract("--until", NOW))
        before, _ = self.read()
        poll = ("extract", "--stream", "adherence_realtime")
        steps = site.steps(*poll)
        self.assertNotEqual(before, self.read()[0])
        self.assertIn("renamed", steps)
        for number in range(steps.index("fsync"), len(steps) + 1):
            old = self.read()[0] if number == steps.index("fsync") else None
            site.run(*poll, env={"ROLLCALL_KILL_STEP": number})
            with open(self.file, encoding="ascii") as f:
                text = f.read()
            self.assertIn("rollcall_stream_windows{", text.splitlines()[-1])
            if old:
                self.assertEqual(text, old)
            site.run("status")

    @needs(PROMTOOL)
    def test_well_formed_and_every_metric_described(self):
        server, site = self.ready()
        self.ok(site.extract("--until", NOW))
        self.refused(server, site)
        text, _ = self.read()
        types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
        page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
        self.assertEqual(dict(re.findall(r"^\| `(rollcall_\w+)` \| (\w+) \|", page, re.M)), types)
        for given, code in ((text, 0), (text.replace("rollcall_runs_total", "rollcall_runs"), 3)):
            result = run([PROMTOOL, "check", "metrics"], input=given)
            self.assertEqual(result.returncode, code, result.stdout + result.stderr)
            self.assertEqual(bool(result.stdout + result.stderr), code != 0)
