"""Two runs at once, readers during a run, signals, disk full."""
import os
import signal
import sqlite3
import threading

from harness import FULL, TestCase, compare_conversations, csv_bytes, wait_until

START = "2026-03-01"
NOW = "2026-03-04T06:00:00Z"
AVAILABLE = "2026-03-04T01:00:00.000Z"
CONVERSATIONS = ("extract", "--stream", "conversations", "--until", NOW)


class Locks(TestCase):
    def slow(self):
        server = self.standin(now=NOW, faults=["latency:ms=100"], page_cap=10)
        return server, self.site(server.url, extract={"in_flight": "1"})

    def under_way(self, site, *command):
        """A run with its first conversations in the file."""
        process = site.start_process(*command)
        wait_until(lambda: os.path.exists(site.db) and site.value("SELECT count(*) FROM conversation"))
        return process

    def test_same_stream_twice(self):
        """The second gives up at once: it waits for nothing, for the first is stopped meanwhile."""
        server, site = self.slow()
        first = self.under_way(site, *CONVERSATIONS)
        first.send_signal(signal.SIGSTOP)
        second = self.ok(site.run(*CONVERSATIONS, timeout=60), 10)
        self.assertRegex(second.stderr, rf"another run holds the lock of conversations: process {first.pid} [^,]*, started 20\S+Z "
                                        rf"\(lock file {site.db}.lock\)")
        first.kill()
        first.communicate()
        server.control(faults=[])
        self.ok(site.run(*CONVERSATIONS), 0)

    def test_adherence_beside_the_night(self):
        server = self.standin(now=NOW, page_cap=10)
        polled = threading.Event()
        pages = []

        def wait_from_the_third_page_on(_, path, __):
            if "/results" in path:
                pages.append(path)
                if len(pages) > 2:
                    polled.wait(120)

        site = self.site(self.rewriting(server.url, wait_from_the_third_page_on), extract={"in_flight": "1"})
        night = self.under_way(site, "extract", "--until", NOW)
        self.ok(site.extract("--stream", "adherence_realtime"))
        self.assertIsNone(night.poll())
        polled.set()
        _, err = night.communicate(timeout=120)
        self.assertEqual(night.returncode, 0, err)
        compare_conversations(self, site, server.truth(START, now=NOW, availability=AVAILABLE))

    def test_readers_never_blocked_never_half(self):
        _, site = self.slow()
        night = self.under_way(site, *CONVERSATIONS)
        reads = 0
        db = sqlite3.connect(f"file:{site.db}?mode=ro", uri=True, timeout=0)
        while night.poll() is None:
            orphans = db.execute("SELECT count(*) FROM conversation c WHERE NOT EXISTS "
                                 "(SELECT 1 FROM participant p WHERE p.conversation_key = c.conversation_key)").fetchone()
            self.assertEqual(orphans[0], 0, "half a page was seen")
            reads += 1
        db.close()
        night.communicate()
        self.assertGreater(reads, 5)


class Signals(TestCase):
    def test_term_interrupt_and_hangup_stop(self):
        server = self.standin(now=NOW, page_cap=5)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            server.control(faults=["latency:ms=120"])
            site = self.site(server.url, extract={"in_flight": "2"})
            process = site.start_process(*CONVERSATIONS)
            wait_until(lambda: os.path.exists(site.db) and site.value("SELECT count(*) FROM conversation"))
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 12, err)
            self.assertRegex(err, r"run 1: stopped, not all done")
            self.assertEqual(site.value("SELECT exit_code FROM run"), 12)
            server.control(faults=[])
            self.ok(site.run(*CONVERSATIONS))
            compare_conversations(self, site, server.truth(START, now=NOW, availability=AVAILABLE))

    def test_second_sigint_ends_at_once(self):
        """Long before the answer that it waits for. (Two signals in a row may arrive as one.)"""
        server = self.standin(now=NOW, faults=["latency:ms=60000"])
        site = self.site(server.url)
        process = site.start_process(*CONVERSATIONS)
        wait_until(lambda: server.requests()["total"])

        def ended():
            process.send_signal(signal.SIGINT)
            return process.poll() is not None

        wait_until(ended, "it did not end", seconds=30)
        process.communicate()
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
            result = self.ok(site.run(*CONVERSATIONS, before=["prlimit", f"--fsize={limit}"]), 9)
            self.assertIn(site.db, result.stderr)
            self.ok(site.run(*CONVERSATIONS))
            self.assertEqual(csv_bytes(site.export()), wanted)

    def test_export_keeps_the_old_files(self):
        server = self.standin(now=NOW, per_day=30)
        site = self.site(server.url)
        self.ok(site.run(*CONVERSATIONS))
        out = site.export()
        before = csv_bytes(out)
        self.ok(site.run("export", "--out", out, before=["prlimit", "--fsize=20000"]), 9)
        self.assertEqual(csv_bytes(out), before)
        self.assertEqual([n for n in os.listdir(out) if n.startswith(".")], [])
