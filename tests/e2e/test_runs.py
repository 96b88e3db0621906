"""Two runs at once, readers during a run, signals, disk full."""
import os
import signal
import sqlite3
import subprocess
import time
import unittest

from harness import FULL, TestCase, compare_conversations, csv_bytes, killed

START = "2026-03-01"
NOW = "2026-03-04T06:00:00Z"
AVAILABLE = "2026-03-04T01:00:00.000Z"
CONVERSATIONS = ("extract", "--stream", "conversations", "--until", NOW)


class Locks(TestCase):
    def slow(self, **options):
        server = self.standin(now=NOW, faults=["latency:ms=250"], page_cap=10, **options)
        return server, self.site(server.url, extract={"in_flight": "1"})

    def wait_for(self, site, sql):
        for _ in range(400):
            try:
                if os.path.exists(site.db) and site.value(sql):
                    return
            except sqlite3.OperationalError:
                pass
            time.sleep(0.02)
        self.fail("the run did not get under way")

    def test_same_stream_twice(self):
        _, site = self.slow()
        first = site.start_process(*CONVERSATIONS)
        self.wait_for(site, "SELECT count(*) FROM conversation")
        begun = time.monotonic()
        second = self.ok(site.run(*CONVERSATIONS), 10)
        self.assertLess(time.monotonic() - begun, 1.5)
        self.assertIn(str(first.pid), second.stderr)
        self.assertIn("conversations", second.stderr)
        first.kill()
        first.communicate()
        self.ok(site.run(*CONVERSATIONS), 0)

    def test_adherence_beside_the_night(self):
        server, site = self.slow()
        night = site.start_process("extract", "--until", NOW)
        self.wait_for(site, "SELECT count(*) FROM conversation")
        self.ok(site.extract("--stream", "adherence_realtime"))
        self.assertIsNone(night.poll(), "the night ended too early to show anything")
        out, err = night.communicate(timeout=120)
        self.assertEqual(night.returncode, 0, err)
        compare_conversations(self, site, server.truth(START, now=NOW, availability=AVAILABLE))

    def test_readers_never_blocked_never_half(self):
        _, site = self.slow()
        night = site.start_process(*CONVERSATIONS)
        self.wait_for(site, "SELECT count(*) FROM conversation")
        reads = 0
        db = sqlite3.connect(f"file:{site.db}?mode=ro", uri=True, timeout=0)
        while night.poll() is None:
            begun = time.monotonic()
            orphans = db.execute("SELECT count(*) FROM conversation c WHERE NOT EXISTS "
                                 "(SELECT 1 FROM participant p WHERE p.conversation_key = c.conversation_key)").fetchone()
            self.assertEqual(orphans[0], 0, "half a page was seen")
            self.assertLess(time.monotonic() - begun, 2)
            reads += 1
        db.close()
        night.communicate()
        self.assertGreater(reads, 20)


class Signals(TestCase):
    def test_sigterm_and_sigint(self):
        server = self.standin(now=NOW, faults=["latency:ms=120"], page_cap=10)
        for number in (signal.SIGTERM, signal.SIGINT):
            site = self.site(server.url, extract={"in_flight": "2"})
            process = site.start_process(*CONVERSATIONS)
            time.sleep(1.0)
            process.send_signal(number)
            _, err = process.communicate(timeout=30)
            self.assertEqual(process.returncode, 12, err)
            self.assertEqual(site.value("SELECT exit_code FROM run"), 12)
            server.control(faults=[])
            self.ok(site.run(*CONVERSATIONS))
            compare_conversations(self, site, server.truth(START, now=NOW, availability=AVAILABLE))
            server.control(faults=["latency:ms=120"])

    def test_second_sigint_ends_at_once(self):
        server = self.standin(now=NOW, faults=["latency:ms=3000"])
        site = self.site(server.url)
        process = site.start_process(*CONVERSATIONS)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        process.communicate(timeout=30)
        self.assertLess(time.monotonic() - begun, 2)
        self.assertNotEqual(process.returncode, 0)


class DiskFull(TestCase):
    def test_file_size_limit(self):
        """At several sizes of the file the disk is full; the run says so, and goes on when there is room again."""
        server = self.standin(now=NOW, per_day=30)
        whole = self.site(server.url)
        self.ok(whole.run(*CONVERSATIONS))
        wanted = csv_bytes(whole.export())
        size = os.path.getsize(whole.db)
        for part in range(1, 9, 1 if FULL else 3):
            site = self.site(server.url)
            limit = size * part // 10
            command = ["prlimit", f"--fsize={limit}", *site.command(*CONVERSATIONS)]
            result = subprocess.run(command, env=site.environment(), capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 9, result.stderr)
            self.assertIn(site.db, result.stderr)
            self.ok(site.run(*CONVERSATIONS))
            self.assertEqual(csv_bytes(site.export()), wanted)

    def test_export_keeps_the_old_files(self):
        server = self.standin(now=NOW, per_day=30)
        site = self.site(server.url)
        self.ok(site.run(*CONVERSATIONS))
        out = site.export()
        before = csv_bytes(out)
        command = ["prlimit", "--fsize=20000", *site.command("export", "--out", out)]
        result = subprocess.run(command, env=site.environment(), capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 9, result.stderr)
        self.assertEqual(csv_bytes(out), before)
        self.assertEqual([n for n in os.listdir(out) if n.startswith(".")], [])


class Secret(TestCase):
    def test_secret_nowhere(self):
        from harness import CLIENT_SECRET
        server = self.standin(now=NOW)
        site = self.site(server.url, log={"level": "debug"})
        process = site.start_process("-v", "-v")  # usage error on purpose: argv must stay free of it too
        process.communicate()
        result = site.run("extract", "--until", NOW)
        self.ok(result)
        site.export()
        self.assertNotIn(CLIENT_SECRET, result.stdout + result.stderr)
        for directory, _, names in os.walk(site.directory):
            for name in names:
                if name == "rollcall.ini":
                    continue
                with open(os.path.join(directory, name), "rb") as f:
                    self.assertNotIn(CLIENT_SECRET.encode(), f.read(), name)


if __name__ == "__main__":
    unittest.main()
