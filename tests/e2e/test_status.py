"""The morning after: the summary, the table `run`, and `rollcall status`."""
import json
import os
import re
import sqlite3
import time

from harness import FEW, TestCase, ago, clock_at, wait_until

SUMMARY = re.compile(
    r"^rollcall: run (\d+): (.+); streams done (\d+), not done (\d+); days whole (\d+); rows new (\d+), changed (\d+), "
    r"unchanged (\d+); requests (\d+) \((\d+) retries\); [\d.]+ s; exit (\d+) \((\w+)\)$")


class Morning(TestCase):
    def live(self, **options):
        """A server of the real moment, and a site that reads it."""
        start = ago(days=2)
        server = self.standin(start=start, days=3, now="real", per_day=options.pop("per_day", 20), **options)
        return server, self.site(server.url, start=start)

    def status(self, site, code):
        return json.loads(self.ok(site.run("status", "--json"), code).stdout)

    def older(self, site, hours, where="1"):
        """Everything that happened, so many hours earlier."""
        def moved(table, columns, condition="1"):
            return "".join(f"UPDATE {table} SET {c} = strftime('%Y-%m-%dT%H:%M:%fZ', {c}, '-{hours} hours') "
                           f"WHERE {c} IS NOT NULL AND {condition};" for c in columns)

        windows = f"window_id IN (SELECT window_id FROM extract_window WHERE {where})"
        site.change(moved("run", ("started_at", "ended_at")) + moved("window_pass", ("read_at",), windows) +
                    moved("extract_window", ("complete_to",), f"window_start IS NULL AND {where}"))


class Summary(Morning):
    def agree(self, site, line):
        """The summary says what the row of the run holds; its groups."""
        match = SUMMARY.match(line)
        self.assertTrue(match, line)
        r = site.query("SELECT * FROM run ORDER BY run_id DESC LIMIT 1")[0]
        self.assertIsNotNone(r["ended_at"])
        row = tuple(str(r[c]) for c in ("run_id", "streams_done", "streams_left", "days_whole", "rows_new",
                                        "rows_changed", "rows_unchanged", "requests", "retries", "exit_code", "exit_name"))
        groups = match.groups()
        self.assertEqual(groups[:1] + groups[2:], row)
        return groups

    def test_cron_hears_nothing_when_all_is_well(self):
        _, site = self.live()
        result = self.ok(site.extract())
        self.assertEqual((result.stdout, result.stderr), ("", ""))
        row = site.query("SELECT * FROM run")[0]
        self.assertEqual((row["exit_code"], row["streams_done"], row["streams_left"], row["days_whole"]), (0, 4, 0, 2))
        self.assertGreater(row["rows_new"], 40)

    def test_the_log_says_it_and_nothing_new(self):
        server = self.standin(start="2026-03-01", days=2, now="2026-03-03T06:00:00Z", per_day=20)
        site = self.site(server.url)
        again = ("-v", "extract", "--stream", "conversations", "--until", "2026-03-03T06:00:00Z")
        for result in ("done", '"nothing new"'):
            last = self.ok(site.run(*again)).stderr.splitlines()[-1]
            self.assertIn('level=info event="run ends"', last)
            self.assertIn(f"result={result} streams_done=1 streams_left=0 days_whole=2", last)
            self.assertIn("exit_name=ok", last)

    def test_some_of_it_done(self):
        server, site = self.live()
        server.control(deny=["/api/v2/routing/queues"])
        result = self.ok(site.extract(), 11)
        lines = result.stderr.splitlines()
        groups = self.agree(site, lines[-1])
        self.assertEqual(groups[1:5], ("not all done", "3", "1", "2"))
        self.assertIn("routing:queue:view", lines[-2])
        self.assertEqual(self.ok(site.run("-q", "extract"), 11).stderr.count("rollcall:"), 1)

    def refused(self, site, code=11):
        """Extracts; the lines of stderr, each short, before the summary and behind it."""
        lines = self.ok(site.extract(), code).stderr.splitlines()
        self.assertFalse([line for line in lines if len(line) > 300])
        at = next(i for i, line in enumerate(lines) if SUMMARY.match(line))
        return lines[:at], lines[at + 1:]

    def test_a_missing_permission_is_one_sentence(self):
        server, site = self.live()
        wfm, analytics = "/api/v2/workforcemanagement", "/api/v2/analytics/agents"
        say = ("rollcall: {}: the client lacks {}. Give its role that permission, or leave the stream out: "
               "[extract] streams = {}").format
        server.control(deny=[wfm, analytics])
        self.assertEqual(self.refused(site), ([say("adherence_realtime", "wfm:realtimeAdherence:view",
                                                   FEW + ", -adherence_realtime")], []))
        text = site.run("status", env={"COLUMNS": "80"}).stdout
        self.assertEqual(re.findall(r"^(\w+) +[\d-]+ [\d:]+Z  (\w+)$", text, re.M),
                         [("users", "ok"), ("queues", "ok"), ("adherence_realtime", "permission"), ("conversations", "ok")])
        self.assertIn("lacks wfm:realtimeAdherence:view. Give its role", text)
        self.assertIn("left undone          adherence_realtime (permission)\n", text)
        self.assertNotIn("overdue: conversations", text)
        whole = site.run("-v", "extract").stderr
        for where in (whole, site.value("SELECT json_extract(not_done, '$.adherence_realtime.error') FROM run")):
            self.assertIn("correlation id", where)
        # with a list, and several of them: the last line is the one to paste
        site.set(extract={"streams": "conversations, adherence_realtime, users, queues"})
        server.control(deny=[wfm, analytics, "/api/v2/analytics/conversations"])
        before, after = self.refused(site)
        self.assertEqual(before, [say("adherence_realtime", "wfm:realtimeAdherence:view", "..., -adherence_realtime"),
                                  say("conversations", "analytics:conversationDetail:view", "..., -conversations")])
        self.assertEqual(after[-1], "streams = conversations, adherence_realtime, users, queues, -adherence_realtime, -conversations")
        self.assertIn(after[-1], " ".join(site.run("status").stdout.split()))
        site.set(extract={"streams": after[-1].partition("= ")[2]})
        self.ok(site.extract())
        for streams, stream, code in (("-queue", "users", 3), ("all", "-queue", 2)):
            site.set(extract={"streams": streams})
            self.assertIn("did you mean queues", self.ok(site.extract("--stream", stream), code).stderr)
        # what would leave nothing is not offered
        site.set(extract={"streams": "conversations"})
        self.assertEqual(self.refused(site, 5), (["rollcall: conversations: the client lacks "
                                                  "analytics:conversationDetail:view. Give its role that permission"], []))

    def test_runs_that_fail_early_have_a_row(self):
        _, site = self.live()
        site.set(genesys={"client_secret": "wrong"})
        groups = self.agree(site, self.ok(site.extract(), 4).stderr.splitlines()[-1])
        self.assertEqual(groups[2:4], ("0", "4"))
        self.assertEqual(groups[10:], ("4", "auth"))
        site.set(genesys={"ca_file": site.directory + "/none.pem", "login_url": "https://localhost:1",
                          "api_url": "https://localhost:1"})
        code = site.extract().returncode
        self.assertNotIn(code, (0, 70))
        self.assertEqual(site.value("SELECT exit_code FROM run ORDER BY run_id DESC LIMIT 1"), code)

    def test_a_run_that_is_locked_out_has_a_row(self):
        _, site = self.live(faults=["latency:ms=400"])
        first = site.start_process("extract")
        lock = site.db + ".lock"
        wait_until(lambda: os.path.exists(lock) and os.path.getsize(lock))
        time.sleep(0.2)
        begun = time.monotonic()
        lines = self.ok(site.extract(), 10).stderr.splitlines()
        self.assertLess(time.monotonic() - begun, 1.5)
        groups = self.agree(site, lines[-1])
        self.assertEqual(groups[10:], ("10", "locked"))
        self.assertIn(str(first.pid), lines[-2])
        _, err = first.communicate(timeout=60)
        self.assertEqual(first.returncode, 0, err)
        status = self.status(site, 0)
        self.assertEqual(status["last_run"]["run_id"], 1, "the run that was refused read nothing")
        self.assertEqual(status["last_failure"]["exit_name"], "locked")
    def test_without_a_database(self):
        _, site = self.live()
        site.set(database={"path": site.directory + "/absent/rollcall.db"})
        lines = self.ok(site.extract(), 9).stderr.splitlines()
        self.assertIn("absent", lines[-2])
        self.assertTrue(lines[-1].startswith("rollcall: run (not recorded): not all done"), lines[-1])


class Status(Morning):
    def test_all_is_well_and_30_hours_later_overdue(self):
        server, site = self.live()
        self.ok(site.extract())
        status = self.status(site, 0)
        self.assertEqual((status["is_overdue"], status["is_behind"], status["due_hours"]), (False, False, 26))
        self.assertEqual(status["last_success"]["run_id"], 1)
        self.assertIsNone(status["last_failure"])
        self.assertEqual(status["requests_month"], server.requests()["total"])
        streams = {s["stream"]: s for s in status["streams"]}
        talks = streams["conversations"]
        self.assertEqual(talks["whole_days"], 2)
        self.assertEqual(talks["open_days"] + talks["provisional_days"], 3)
        self.assertEqual(talks["rows"], site.value("SELECT count(*) FROM conversation"))
        self.assertIn("up to date", site.run("status").stdout)
        self.older(site, 30)
        self.assertTrue(self.status(site, 1)["is_overdue"])
        self.assertIn("overdue: conversations: last read 30 hours ago", self.ok(site.run("status"), 1).stdout)
        for hours, code in (("48", 0), ("29", 1)):
            site.set(status={"due_hours": hours})
            self.status(site, code)

    def test_clocks_that_are_set_back_make_nothing_overdue(self):
        """A run at a fixed local time comes 25 hours after the one before then."""
        server = self.standin(start="2026-10-29", days=4, now="2026-10-29T08:30:00Z", per_day=5)
        site = self.site(server.url, start="2026-10-29", timezone="America/New_York", status={"due_hours": "24"})
        if not clock_at("2026-10-29T08:30:00Z"):
            self.skipTest("no clock of its own")
        for run, then, overdue in (("2026-10-30T08:30:00Z", "2026-10-31T08:31:00Z", True),
                                   ("2026-10-31T08:30:00Z", "2026-11-01T09:29:00Z", False),
                                   ("2026-10-31T08:30:00Z", "2026-11-01T09:31:00Z", True)):
            server.control(now=run, date="now")
            self.ok(site.run("extract", env=clock_at(run)))
            result = site.run("status", "--json", env=clock_at(then))
            self.assertEqual(json.loads(result.stdout)["is_overdue"], overdue, then)

    def test_a_reader_that_keeps_an_old_state_open_is_told_of_and_nothing_when_it_is_gone(self):
        server, site = self.live()
        site.env["ROLLCALL_LIMIT_WAL_BYTES"] = "500000"
        self.assertEqual(self.ok(site.extract()).stderr, "")
        reader = sqlite3.connect(site.db, isolation_level=None)
        self.addCleanup(reader.close)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM run").fetchall()
        site.change("UPDATE window_pass SET read_at = NULL, covered_to = NULL; UPDATE conversation SET row_hash = 0")
        said = self.ok(site.extract()).stderr
        size = os.path.getsize(site.db + "-wal")
        self.assertRegex(said, rf"old state open.*rollcall.db-wal.*\b{size}\b")
        self.assertIn("write-ahead log", self.ok(site.run("status")).stdout)
        self.assertEqual(self.status(site, 0)["wal_bytes"], size)
        reader.execute("COMMIT")  # and the connection stays
        self.assertEqual(self.ok(site.extract()).stderr, "")
        self.assertNotIn("write-ahead log", self.ok(site.run("status")).stdout)

    def test_last_failure_and_its_text(self):
        server, site = self.live()
        self.ok(site.extract())
        server.control(deny=["/api/v2/analytics/conversations"])
        self.ok(site.extract("--stream", "conversations"), 5)
        status = self.status(site, 0)
        self.assertEqual((status["last_success"]["run_id"], status["last_failure"]["run_id"]), (1, 2))
        self.assertIn("analytics:conversationDetail:view", status["last_failure"]["error"])
        self.assertRegex(site.run("status").stdout, r"last failure +run 2, .*, 5 permission: conversations\n")

    def test_polls_do_not_hide_that_the_night_fails(self):
        server, site = self.live()
        self.ok(site.extract())
        self.older(site, 30, "stream <> 'conversations'")
        server.control(deny=["/api/v2/routing/queues"])
        self.ok(site.extract(), 11)
        self.ok(site.extract("--stream", "adherence_realtime"))
        streams = {s["stream"]: s for s in self.status(site, 1)["streams"]}
        self.assertEqual({n for n, s in streams.items() if s["is_overdue"]}, {"queues"}, "the others were read well")

    def test_never_ended_well(self):
        server, site = self.live()
        server.control(deny=["/api/v2/routing/queues"])
        self.ok(site.extract(), 11)
        streams = {s["stream"]: s["behind"] for s in self.status(site, 1)["streams"]}
        self.assertEqual({n for n, why in streams.items() if why}, {"queues"})
        self.assertEqual(streams["queues"], "never read")
        site.set(extract={"streams": "users, conversations, adherence_realtime"})
        self.ok(site.extract())
        self.assertFalse(self.status(site, 0)["is_behind"], "queues are not enabled any more")

    def test_killed(self):
        _, site = self.live(faults=["latency:ms=500"])
        process = site.start_process("extract")
        wait_until(lambda: site.value("SELECT count(*) FROM extract_window WHERE window_start IS NOT NULL"))
        status = self.status(site, 1)
        self.assertIsNone(status["last_failure"])
        self.assertEqual({s["result"] for s in status["streams"] if s["enabled"]}, {"under way"})
        self.assertRegex(site.run("status").stdout, r"left undone +.*conversations \(under way, \d days not complete\)")
        process.kill()
        process.communicate()
        self.assertTrue(self.status(site, 1)["last_failure"]["killed"], "nobody holds the locks")
        self.assertRegex(site.run("status").stdout, r"left undone +.*conversations \(killed, \d days not complete\)")
        os.unlink(site.db + ".lock")
        self.assertIn("under way, or killed", site.run("status").stdout, "nobody can tell, as of a copy")
        self.ok(site.extract())
        failure = self.status(site, 0)["last_failure"]
        self.assertEqual((failure["run_id"], failure["killed"]), (1, True))
        self.assertRegex(site.run("status").stdout, r"last failure +run 1, .*, killed")
