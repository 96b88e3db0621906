"""The command line at its edges: output that nobody reads, readers without rights, times and names mistyped, runs that
begin together."""
import datetime
import os
import sqlite3
import subprocess
import unittest
from pathlib import Path

from harness import AS_NOBODY, FULL, TestCase

NOW = "2026-03-03T12:00:00Z"


def ahead(**delta):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**delta)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Filled(TestCase):
    """A site that has been extracted into."""

    def filled(self, **options):
        server = self.standin(now=NOW, per_day=options.pop("per_day", 40))
        site = self.site(server.url, **options)
        self.ok(site.extract("--until", NOW))
        return site


class Output(Filled):
    COMMANDS = (("query", "freshness"), ("query", "freshness", "--csv"), ("query", "freshness", "--json"),
                ("query",), ("status",), ("status", "--json"), ("--help",), ("export", "--help"), ("--version",),
                ("--exit-codes",), ("--limits",))

    def test_full_disk_is_an_error(self):
        site = self.filled()
        for command in self.COMMANDS:
            with self.subTest(command=command), open("/dev/full", "w", encoding="ascii") as full:
                result = self.ok(site.run(*command, stdout=full), 9)
                self.assertRegex(result.stderr, "cannot write the output")

    def test_a_reader_that_goes_away_is_none(self):
        site = self.filled()
        for command in self.COMMANDS:
            with self.subTest(command=command):
                there, here = os.pipe()
                os.close(there)
                result = site.run(*command, stdout=here)
                os.close(here)
                self.assertEqual((result.returncode, result.stderr), (1 if command[0] == "status" else 0, ""))

    def test_it_ends_as_soon_as_the_reader_is_gone(self):
        """`rollcall query ... | head -1`, with more rows than a pipe holds."""
        site = self.filled(per_day=400)
        self.assertGreater(len(site.run("query", "queue_halfhour", "--csv").stdout), 70000)
        for form in ("--csv", "--json"):
            with subprocess.Popen(site.command("query", "queue_halfhour", form), env=site.environment(),
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                process.stdout.readline()
                process.stdout.close()
                self.assertEqual(process.stderr.read(), b"")
                self.assertEqual(process.wait(60), 0)


class Readers(Filled):
    """Users who may read the file but write neither to it nor beside it."""

    def as_reader(self, site, *arguments):
        return site.run(*arguments, before=AS_NOBODY, cwd="/")

    def allow_writing(self, site, allowed):
        os.chmod(site.directory, 0o755 if allowed else 0o555)
        os.chmod(site.db, 0o644 if allowed else 0o444)

    def readable(self):
        site = self.filled()
        os.chmod(site.config, 0o644)
        out = self.directory()
        os.chmod(out, 0o777)
        self.addCleanup(self.allow_writing, site, True)
        return site, os.path.join(out, "csv")

    def reads(self, site, out):
        self.assertIn("conversations", self.ok(self.as_reader(site, "query", "freshness")).stdout)
        self.ok(self.as_reader(site, "status", "--json"), 1)
        self.ok(self.as_reader(site, "export", "--out", out))

    def test_nobody_writes(self):
        site, out = self.readable()
        self.allow_writing(site, False)
        before = sorted(os.listdir(site.directory))
        self.reads(site, out)
        self.assertEqual(sorted(os.listdir(site.directory)), before)

    def test_no_file_of_the_readers_stays_beside_the_database(self):
        """In a directory that all may write to: a WAL index of the reader's would shut the writer out."""
        site, out = self.readable()
        os.chmod(site.directory, 0o777)
        os.chmod(site.db, 0o444)
        before = sorted(os.listdir(site.directory))
        self.reads(site, out)
        self.assertEqual(sorted(os.listdir(site.directory)), before)

    def test_a_run_is_under_way(self):
        site, out = self.readable()
        writer = sqlite3.connect(site.db, isolation_level=None)
        self.addCleanup(writer.close)
        writer.execute("DELETE FROM queue")
        self.allow_writing(site, False)
        self.reads(site, out)
        self.ok(self.as_reader(site, "export", "--out", out, "queue"))
        with open(os.path.join(out, "queue.csv"), encoding="utf-8") as f:
            self.assertEqual(len(f.readlines()), 1)

    def test_what_is_missing_is_said_in_a_sentence(self):
        site, out = self.readable()
        os.chmod(site.directory, 0o755)
        os.chmod(site.db, 0)
        for command in (("status",), ("query", "freshness"), ("export", "--out", out)):
            result = self.ok(self.as_reader(site, *command), 9)
            self.assertIn("may not read it; give the user that right", result.stderr)
            self.assertNotRegex(result.stderr, "PRAGMA|SELECT|BEGIN")


class Times(Filled):
    def test_a_day_is_its_start_in_the_time_zone(self):
        server = self.standin(now=NOW)
        site = self.site(server.url, timezone="Asia/Seoul")
        self.ok(site.extract("--stream", "users", "--until", "2026-03-03"))
        self.assertEqual(site.value("SELECT planned_until FROM run"), "2026-03-02T15:00:00.000Z")
        for text in ("2026-03-03T00:00", "2026-03-03T00:00:00", "2026-3-3", "2026-02-30", "tomorrow", ""):
            result = self.ok(site.extract("--stream", "users", "--until", text), 2)
            self.assertIn("with a zone", result.stderr)

    def test_how_far_ahead_a_time_may_lie(self):
        server = self.standin(now=NOW)
        site = self.site(server.url)
        result = self.ok(site.extract("--stream", "users", "--until", ahead(days=40, minutes=5)), 2)
        self.assertIn("lies 40 days in the future", result.stderr)
        self.assertFalse(os.path.exists(site.db))
        for delta, warned in (({"days": 6, "hours": 23}, True), ({"minutes": 3}, True), ({"seconds": 20}, False)):
            result = self.ok(site.extract("--stream", "users", "--until", ahead(**delta)))
            self.assertEqual("lies in the future" in result.stderr, warned, delta)


class Places(Filled):
    def test_an_empty_directory_is_none(self):
        site = self.filled()
        self.assertIn("--out is empty", self.ok(site.run("export", "--out", ""), 2).stderr)
        site.set(export={"directory": ""})
        self.assertRegex(self.ok(site.run("export"), 3).stderr, r"rollcall.ini:\d+: \[export\] directory: is empty")

    def test_a_failed_export_replaces_nothing(self):
        site = self.filled()
        out = site.export()
        os.remove(os.path.join(out, "v_segment.csv"))
        os.makedirs(os.path.join(out, "v_segment.csv"))
        before = {e.name: e.stat().st_ino for e in os.scandir(out)}
        result = self.ok(site.run("export", "--out", out), 9)
        self.assertIn("v_segment.csv: a directory stands there", result.stderr)
        self.assertEqual({e.name: e.stat().st_ino for e in os.scandir(out)}, before)

    def test_a_refused_database_gets_no_lock_file(self):
        made = (lambda site: Path(site.db).write_text("shopping list: milk\n", encoding="ascii"),
                lambda site: site.change("CREATE TABLE t (a)"),
                lambda site: site.change("CREATE TABLE t (a); PRAGMA application_id = 1919706220; "
                                         "PRAGMA user_version = 9998"))
        server = self.standin(now=NOW)
        for make in made:
            site = self.site(server.url)
            make(site)
            with open(site.db, "rb") as f:
                before = f.read()
            self.ok(site.extract("--until", NOW), 9)
            self.assertEqual(sorted(os.listdir(site.directory)), ["rollcall.db", "rollcall.ini"])
            with open(site.db, "rb") as f:
                self.assertEqual(f.read(), before)

    def test_a_database_must_be_a_file(self):
        server = self.standin(now=NOW)
        site = self.site(server.url)
        for path in (":memory:", "", site.directory, site.directory + "/"):
            site.set(database={"path": path})
            for command in (("extract",), ("status",)):
                result = self.ok(site.run(*command), 3)
                self.assertRegex(result.stderr, r"rollcall.ini:\d+: \[database\] path")
        self.assertEqual(os.listdir(site.directory), ["rollcall.ini"])

    def test_a_misspelt_table_is_told_with_its_line(self):
        site = self.filled()
        site.set(export={"tables": "user, conversatoin"})
        words = r"rollcall.ini:\d+: \[export\] tables: there is no table or view 'conversatoin'; did you mean conversation"
        self.assertRegex(self.ok(site.run("export"), 3).stderr, words)
        self.assertRegex(self.ok(site.extract("--until", NOW), 3).stderr, words)
        self.ok(site.run("export", "user"))  # the command line's names take their place
        self.assertIn("'usr'", self.ok(site.run("export", "usr"), 2).stderr)
        fresh = self.site("http://127.0.0.1:9", export={"tables": "userr"})
        self.assertRegex(self.ok(fresh.extract(), 3).stderr, r"\[export\] tables.*did you mean user")
        self.assertFalse(os.path.exists(fresh.db))

    def test_a_view_of_ones_own_is_a_table(self):
        site = self.filled()
        site.change("CREATE VIEW our_view AS SELECT count(*) AS n FROM user")
        site.set(export={"tables": "our_view"})
        self.ok(site.extract("--until", NOW))
        self.assertEqual(sorted(os.listdir(site.export())), ["manifest.json", "our_view.csv"])


class Together(TestCase):
    def both(self, site, until):
        processes = [site.start_process("extract", "--stream", name, "--until", until) for name in ("queues", "users")]
        for process in processes:
            out, errors = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, out + errors)

    def test_runs_that_begin_together(self):
        """On a new file, and on the first days after, when zone_offset grows."""
        server = self.standin(now=NOW)
        for _ in range(40 if FULL else 12):
            site = self.site(server.url)
            for until in ("2026-03-02T00:00:01Z", "2026-03-03T00:00:01Z", "2026-03-04T00:00:01Z"):
                self.both(site, until)


if __name__ == "__main__":
    unittest.main()
