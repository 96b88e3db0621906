"""`rollcall snapshot FILE`: one plain file, of one moment, whole or not at all."""
import contextlib
import os
import signal
import sqlite3
import stat
import threading
import time
from pathlib import Path

from harness import AS_NOBODY, TestCase, run

NOW = "2026-03-04T06:00:00Z"


def dump(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return [line for line in db.iterdump() if 'INTO "copy_made"' not in line]  # that it was made comes after
    finally:
        db.close()


class Snapshot(TestCase):
    def filled(self, **options):
        server = self.standin(now=NOW, per_day=options.pop("per_day", 30), **options)
        site = self.site(server.url)
        self.ok(site.extract("--until", NOW))
        return server, site, os.path.join(site.directory, "share", "copy.db")

    def take(self, site, copy, code=0):
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        return self.ok(site.run("snapshot", copy), code)

    def asides(self, copy):
        return sorted(set(os.listdir(os.path.dirname(copy))) - {os.path.basename(copy)})

    def test_equal_and_plain(self):
        _, site, copy = self.filled()
        result = self.take(site, copy)
        self.assertEqual((result.stdout, result.stderr), ("", ""))
        self.assertEqual(dump(copy), dump(site.db))
        self.assertEqual(self.asides(copy), [])
        db = sqlite3.connect(copy)
        self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
        self.assertEqual(db.execute("PRAGMA journal_mode").fetchone()[0], "delete")
        db.close()
        self.assertEqual(Path(copy).read_bytes()[18:20], b"\x01\x01")
        self.assertEqual(self.asides(copy), [], "reading it leaves nothing beside it")
        self.assertIn("copy.db: ", self.ok(site.run("-v", "snapshot", copy)).stdout)
        site.set(database={"path": copy})
        self.assertIn("conversations", site.run("status").stdout)

    def test_views_as_tables(self):
        """Typed, of the same rows; a view of somebody else's goes on over them."""
        _, site, copy = self.filled()
        site.change("CREATE VIEW mine AS SELECT conversation_id, talk_ms FROM v_conversation")
        self.take(site, copy)
        views = ("freshness", "mine", "v_conversation", "v_metric", "v_segment")
        with contextlib.closing(sqlite3.connect(copy)) as db:
            rows = {view: sorted(db.execute(f"SELECT * FROM {view}"), key=repr) for view in views}
        self.ok(site.run("snapshot", "--views-as-tables", copy))
        self.assertEqual(self.asides(copy), [])
        with contextlib.closing(sqlite3.connect(copy)) as db:
            kinds = dict(db.execute("SELECT name, type FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"))
            self.assertEqual({view: kinds[view] for view in views}, {**dict.fromkeys(views, "table"), "mine": "view"})
            for view in views:
                self.assertEqual(sorted(db.execute(f"SELECT * FROM {view}"), key=repr), rows[view])
                types = {row[1]: row[2] for row in db.execute(f"PRAGMA table_info({view})")}
                wrong = [n for n, t in types.items() if t not in ("BIGINT", "REAL", "TEXT") and view != "mine"]
                self.assertEqual(wrong, [])
                for column, declared in types.items():
                    kind = {"TEXT": "text", "REAL": "real"}.get(declared, "integer")
                    self.assertEqual(db.execute(f"SELECT count(*) FROM {view} WHERE typeof({column}) NOT IN ('null', ?)",
                                                (kind,)).fetchone()[0], 0, (view, column, declared))
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")

    def test_readable_where_nothing_may_be_written(self):
        _, site, copy = self.filled()
        old = os.umask(0o022)
        try:
            self.take(site, copy)
        finally:
            os.umask(old)
        self.assertEqual(stat.S_IMODE(os.stat(copy).st_mode), 0o640)
        os.chmod(os.path.dirname(copy), 0o555)
        os.chmod(copy, 0o444)
        os.chmod(site.directory, 0o755)
        out = run([*AS_NOBODY, "sqlite3", "-readonly", copy, "SELECT count(*) FROM conversation"])
        self.assertEqual((out.returncode, out.stderr), (0, ""))
        self.assertEqual(int(out.stdout), site.value("SELECT count(*) FROM conversation"))
        os.chmod(os.path.dirname(copy), 0o755)

    def test_during_a_run(self):
        """The run gets two more pages after each copy."""
        server = self.standin(now=NOW, per_day=60, page_cap=5)
        turns = threading.Semaphore(4)

        def wait_for_turn(_, path, __):
            if "/results" in path:
                turns.acquire(timeout=60)

        site = self.site(self.rewriting(server.url, wait_for_turn))
        night = site.start_process("extract", "--stream", "conversations", "--until", NOW)
        copy = os.path.join(site.directory, "copy.db")
        counts = []
        while night.poll() is None:
            if os.path.exists(site.db) and site.run("snapshot", copy).returncode == 0:
                db = sqlite3.connect(f"file:{copy}?mode=ro", uri=True)
                self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
                whole = db.execute("SELECT count(*) FROM conversation c WHERE NOT EXISTS (SELECT 1 FROM participant p "
                                   "WHERE p.conversation_key = c.conversation_key)").fetchone()[0]
                self.assertEqual(whole, 0, "half a page was copied")
                counts.append(db.execute("SELECT count(*) FROM conversation").fetchone()[0])
                db.close()
                turns.release(2)
        _, err = night.communicate()
        self.assertEqual(night.returncode, 0, err)
        self.assertGreater(len(set(counts)), 3, "the run was not caught at work")
        self.assertEqual(counts, sorted(counts))

    def test_the_live_database_is_not_overwritten(self):
        _, site, copy = self.filled()
        before = dump(site.db)
        os.makedirs(os.path.dirname(copy))
        os.symlink(site.db, copy + ".symbolic")
        os.link(site.db, copy + ".hard")
        os.symlink(site.directory, copy + ".folder")
        for path in (site.db, "rollcall.db", "./share/../rollcall.db", site.db + "-wal", site.db + "-shm",
                     site.db + "-journal", site.db + ".lock", copy + ".symbolic", copy + ".hard",
                     copy + ".folder/rollcall.db"):
            with self.subTest(path):
                self.assertIn("live database", self.ok(site.run("snapshot", path), 2).stderr)
        self.assertIn("name a file", self.ok(site.run("snapshot", ""), 2).stderr)
        # What lies beside a database lies beside the file itself, whatever link leads to it.
        os.symlink(site.db, copy + ".link")
        site.set(database={"path": copy + ".link"})
        self.assertIn("live database", self.ok(site.run("snapshot", site.db + "-wal"), 2).stderr)
        site.set(database={"path": site.db})
        os.unlink(copy + ".hard")
        self.assertEqual(dump(site.db), before)
        self.ok(site.run("snapshot", os.path.join(os.path.dirname(copy), "rollcall.db")))  # another of its name
        self.ok(site.run("snapshot", site.directory), 9)
        self.ok(site.run("snapshot"), 2)
        self.ok(site.run("snapshot", "a", "b"), 2)
        self.ok(site.run("snapshot", site.directory + "/absent/a"), 9)

    def test_an_old_copy_that_is_being_written(self):
        _, site, copy = self.filled()
        self.take(site, copy)
        old = Path(copy).read_bytes()
        with open(copy + "-wal", "wb") as f:
            f.write(b"someone's")
        self.assertIn("copy.db-wal", self.take(site, copy, 9).stderr)
        self.assertEqual(Path(copy).read_bytes(), old)

    def test_killed_at_every_step(self):
        server, site, copy = self.filled()
        self.take(site, copy)
        old = Path(copy).read_bytes()
        self.ok(site.extract("--stream", "adherence_realtime"))
        steps = site.steps("snapshot", copy + ".other")
        self.assertIn("rename", steps)
        for number, name in enumerate(steps, 1):
            result = site.run("snapshot", copy, env={"ROLLCALL_KILL_STEP": number})
            self.assertNotEqual(result.returncode, 0, name)
            if number > steps.index("rename") + 1:
                self.assertEqual(dump(copy), dump(site.db))
            else:
                self.assertEqual(Path(copy).read_bytes(), old, name)
        self.take(site, copy)
        self.assertEqual(dump(copy), dump(site.db))
        self.assertEqual(self.asides(copy), ["copy.db.other"], "what killed ones left is swept")

    def test_disk_full(self):
        _, site, copy = self.filled()
        self.take(site, copy)
        old = Path(copy).read_bytes()
        for size in (50000, 500000, len(old) // 2):
            result = self.ok(site.run("snapshot", copy, before=["prlimit", f"--fsize={size}"]), 9)
            self.assertIn(copy, result.stderr)
            self.assertEqual(Path(copy).read_bytes(), old)
            self.assertEqual(self.asides(copy), [])

    def test_signal(self):
        _, site, copy = self.filled(per_day=400)
        self.take(site, copy)
        old = Path(copy).read_bytes()
        for wait in (0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06):
            process = site.start_process("snapshot", copy)
            time.sleep(wait)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
            # Before the program can listen to it, the signal ends it; after the rename it comes too late.
            self.assertIn(process.returncode, (0, 12, -signal.SIGTERM))
            self.assertEqual(len(Path(copy).read_bytes()), len(old))
            self.assertEqual(self.asides(copy), [])
        self.assertEqual(dump(copy), dump(site.db))
