"""Files of schema 6 (tests/fixtures/schema6) are brought over once, whole or not at all, and go on where they stopped."""
import gzip
import json
import lzma
import signal
import sqlite3
import sys
import unittest
from pathlib import Path

from harness import ROOT, Api, TestCase, csv_bytes, killed, wait_until

FIXTURES = ROOT / "tests" / "fixtures" / "schema6"
sys.path.insert(0, str(FIXTURES))
from make import NOW, QUERY_NOW, QUERY_WORLD, RUN, SECTIONS, WORLD  # noqa: E402


def rows_of(path):
    """Each table's rows, column by name: those that hold something, for a later schema may have more."""
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    tables = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
    rows = {t: sorted(repr(sorted(c for c in dict(r).items() if c[1] is not None)) for r in db.execute(f'SELECT * FROM "{t}"'))
            for t in tables}
    db.close()
    return rows


class Convert(TestCase):
    def fixture(self, name, url=None):
        site = self.site(url, **SECTIONS)
        with lzma.open(FIXTURES / (name + ".db.xz")) as f:
            content = f.read()
        with open(site.db, "wb") as f:
            f.write(content)
        return site

    def server(self, world=None, now=NOW):
        return self.standin(now=now, **(world or WORLD))

    def sound(self, site):
        self.assertEqual(site.value("PRAGMA user_version"), 11)
        self.assertEqual(site.value("PRAGMA integrity_check"), "ok")
        self.assertEqual(site.query("PRAGMA foreign_key_check"), [])
        self.assertEqual(site.value("SELECT count(*) FROM sqlite_master WHERE name LIKE 'rollcall%' OR sql LIKE '%STRICT%'"), 0)

    def same_as_fresh(self, site, server, now, names=None):
        fresh = self.site(server.url, **SECTIONS)
        self.ok(fresh.run(*RUN, now))
        self.assertEqual(csv_bytes(site.export(), names or ()), csv_bytes(fresh.export(), names or ()))

    def test_a_finished_file_keeps_every_row(self):
        server = self.server()
        site = self.fixture("finished", server.url)
        site.set(database={"keep_raw_days": "36500"})
        before = rows_of(site.db)
        told = self.ok(site.run("extract", "--stream", "users", "--until", NOW)).stderr
        self.assertIn("converting the database", told)
        self.sound(site)
        after = rows_of(site.db)
        self.assertLessEqual(set(before), set(after))
        for table in set(before) - {"run", "extract_window", "request_count", "zone_offset", "attribute_key"}:
            self.assertEqual(before[table], after[table], table)
        self.assertEqual(site.value("SELECT count(*) FROM attribute_key WHERE conversations > 0 AND longest_length > 0"),
                         len(before["attribute_key"]))
        self.assertLessEqual(set(before["zone_offset"]), set(after["zone_offset"]))
        self.assertEqual([r for r in before["run"] if r not in after["run"]], [])
        self.assertGreater(len(after["adherence_state"]), 5)
        self.assertGreater(site.value("SELECT count(*) FROM conversation WHERE conversation_end IS NULL"), 0)
        self.ok(site.run(*RUN, NOW))
        self.assertEqual(site.value("SELECT sum(rows_new + rows_changed) FROM run WHERE run_id > 4"), 0)
        site.change("UPDATE conversation SET (row_hash, originating_direction) = (NULL, NULL)")
        self.ok(site.run("replay"))  # of answers that the older program kept
        self.same_as_fresh(site, server, NOW, ("adherence_state", "freshness"))
        self.assertNotIn("converting", self.ok(site.run(*RUN, NOW)).stderr)

    def test_an_unknown_job_is_submitted_anew(self):
        server = self.server()
        site = self.fixture("job", server.url)
        self.ok(site.run(*RUN, NOW))
        self.sound(site)
        self.same_as_fresh(site, server, NOW)

    def job_of(self, server, start, end):
        """Submits the job that the file's reading had, and fetches its first page: its id, and a cursor behind that page."""
        api, jobs = Api(server.url), "/api/v2/analytics/conversations/details/jobs"
        job = api.ask(jobs, {"interval": f"{start}/{end}", "order": "asc", "orderBy": "conversationStart",
                             "startOfDayIntervalMatching": False})["jobId"]
        api.ask(f"{jobs}/{job}")
        return job, api.ask(f"{jobs}/{job}/results?pageSize=1000")["cursor"]

    def test_a_known_job_goes_on_behind_its_stored_page(self):
        server = self.server()
        site = self.fixture("job", server.url)
        window, start, end = tuple(site.query("SELECT window_id, window_start, pending_job_to FROM extract_window "
                                              "WHERE job_cursor IS NOT NULL")[0])
        job, cursor = self.job_of(server, start, end)
        site.change(f"UPDATE extract_window SET job_id = '{job}', job_cursor = '{cursor}' WHERE window_id = {window}")
        stored = site.value("SELECT rows_read FROM extract_window WHERE window_id = ?", window)
        server.control(reset_requests=True)
        self.ok(site.run(*RUN, NOW))
        pages = [path for _, path, _ in server.requests()["requests"] if f"{job}/results" in path]
        self.assertGreater(stored, 0)
        self.assertGreater(len(pages), 1)
        self.assertTrue(all("cursor=" in path for path in pages), "the first page is not read again")
        self.sound(site)
        self.same_as_fresh(site, server, NOW)

    def test_a_query_goes_on_behind_its_stored_page(self):
        server = self.server(QUERY_WORLD, QUERY_NOW)
        site = self.fixture("query", server.url)
        self.assertEqual(site.value("SELECT next_page FROM extract_window WHERE reading_plan = 'query'"), 2)
        raw = site.value("SELECT count(*) FROM raw_page")
        self.ok(site.run(*RUN, QUERY_NOW))
        [(rows, encoding, kept)] = site.query("SELECT rows_read, encoding, bytes FROM raw_page WHERE raw_page_id > ?", raw)
        self.assertEqual((rows, encoding, len(json.loads(gzip.decompress(kept))["conversations"])), (11, "gzip", 11))
        self.assertEqual(site.value("SELECT sum(requests) FROM request_count WHERE run_id = (SELECT max(run_id) FROM run)"),
                         site.value("SELECT requests FROM run ORDER BY run_id DESC LIMIT 1"))
        self.sound(site)
        self.same_as_fresh(site, server, QUERY_NOW)

    def test_killed_on_the_way_it_is_the_old_file(self):
        server = self.server()
        brought = self.fixture("finished", server.url)
        steps = brought.steps(*RUN, NOW)
        last = len(steps) - steps[::-1].index("written")
        first = steps.index("written") + 1
        self.assertGreater(last - first, 60)
        self.assertEqual(steps[last:last + 2], ["commit", "committed"])
        for step in [*range(first, last, 16), last + 1, last + 2]:
            site = self.fixture("finished", server.url)
            before = rows_of(site.db)
            self.assertTrue(killed(site.run(*RUN, NOW, env={"ROLLCALL_KILL_STEP": step})))
            is_old = step < last + 2
            now = 6 if is_old else brought.value("PRAGMA user_version")
            self.assertEqual(site.value("PRAGMA user_version"), now, f"killed at step {step}")
            self.assertEqual(site.value("PRAGMA integrity_check"), "ok")
            self.assertEqual(rows_of(site.db) == before, is_old, f"killed at step {step}")
            self.ok(site.run(*RUN, NOW))
            self.sound(site)

    def test_a_signal_leaves_the_old_file(self):
        """It comes while the run waits for a writer, so the conversion begins with it."""
        site = self.fixture("finished", self.server().url)
        before = rows_of(site.db)
        writer = sqlite3.connect(site.db, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        process = site.start_process(*RUN, NOW)
        wait_until(Path(f"{site.db}.lock").exists)
        process.send_signal(signal.SIGTERM)
        writer.execute("ROLLBACK")
        writer.close()
        told = process.communicate()[1]
        self.assertEqual(process.returncode, 12, told)
        self.assertIn("stopped by a signal", told)
        self.assertEqual(site.value("PRAGMA user_version"), 6)
        self.assertEqual(rows_of(site.db), before)
        self.ok(site.run(*RUN, NOW))
        self.sound(site)

    def test_what_its_owner_added_stays(self):
        """(what stands in the file, what is asked afterwards, the answer)"""
        cases = [
            ("ALTER TABLE conversation ADD COLUMN my_note TEXT; UPDATE conversation SET my_note = 'kept';"
             "CREATE INDEX noted ON conversation (my_note)", "SELECT count(my_note) = count(*) FROM conversation", 1),
            ("CREATE TABLE old_targets (q); INSERT INTO old_targets VALUES ('a'); CREATE TABLE targets (q);"
             "INSERT INTO targets VALUES ('b')", "SELECT o.q || t.q FROM old_targets AS o, targets AS t", "ab"),
            ("CREATE TABLE old_conversation AS SELECT * FROM conversation",
             "SELECT (SELECT count(*) FROM old_conversation) = (SELECT count(*) FROM conversation)", 1),
            ("CREATE TABLE user_log (x); CREATE TRIGGER user_log AFTER UPDATE ON user BEGIN "
             "INSERT INTO user_log VALUES (1); END", "SELECT count(*) FROM sqlite_master WHERE name = 'user_log'", 2),
            ("CREATE VIEW mine AS SELECT user_id FROM user; CREATE TRIGGER t INSTEAD OF INSERT ON mine BEGIN SELECT 1; END;"
             "CREATE TABLE k (a INT, CHECK (k.a > 0))", "SELECT count(*) FROM sqlite_master WHERE name IN ('mine', 't', 'k')", 3),
            ("DROP VIEW freshness; CREATE VIEW Freshness AS SELECT user_id AS day FROM user; CREATE TRIGGER t INSTEAD OF INSERT "
             "ON freshness BEGIN SELECT 1; END; CREATE VIEW own AS SELECT day FROM freshness; CREATE VIEW own_gone AS "
             "SELECT gone FROM user", "SELECT count(whole) > 0 AND (SELECT count(*) FROM own) > 0 AND EXISTS (SELECT 1 FROM "
             "sqlite_master WHERE name = 'own_gone') FROM freshness", 1),
            ("CREATE VIRTUAL TABLE ft USING fts5 (x); INSERT INTO ft VALUES ('found')",
             "SELECT count(*) FROM ft WHERE ft MATCH 'found'", 1),
        ]
        server = self.server()
        for made, asked, answer in cases:
            site = self.fixture("finished", server.url)
            db = sqlite3.connect(site.db)
            db.executescript(made)
            db.close()
            with self.subTest(made=made):
                self.ok(site.run("extract", "--stream", "users", "--until", NOW))
                self.sound(site)
                self.assertEqual(site.value(asked), answer)

    def test_room_is_asked_for_first(self):
        """The file claims to be larger than any disk; nothing but its header and its length is."""
        site = self.fixture("finished", self.server().url)
        pages = 1 << 29
        with open(site.db, "r+b") as f:
            f.seek(28)
            f.write(pages.to_bytes(4, "big"))
            try:
                f.truncate(pages * 8192)
            except OSError as e:
                raise unittest.SkipTest(f"no file of this length here: {e}")
        result = self.ok(site.run(*RUN, NOW), 9)
        self.assertRegex(result.stderr, r"takes 87960\d\d MB beside it while it lasts, \d+ MB are free")
        self.assertEqual(site.value("PRAGMA user_version"), 6)

    def test_readers_are_told(self):
        site = self.fixture("finished", self.server().url)
        result = self.ok(site.run("status"), 9)
        self.assertIn("next `rollcall extract` brings it up to date", result.stderr)
