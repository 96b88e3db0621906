"""The database's own troubles: who may read what is made, writes that the system refuses, another writer, a file that is
replaced."""
import os
import re
import shutil
import sqlite3
import stat
import unittest
from pathlib import Path

from harness import AS_NOBODY, FULL, TestCase, csv_bytes, killed, shim

NOW = "2026-03-04T06:00:00Z"
RUN = ("extract", "--until", NOW)

# Fails the n-th write (w) or fsync (s) of a WAL with an errno: FAIL="w 3 28".
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int refused(char kind, int fd)
{
    static int seen;
    char link[64], path[4096], wanted;
    int n, error;
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof(path));
    if (!getenv("FAIL") || sscanf(getenv("FAIL"), "%c %d %d", &wanted, &n, &error) != 3 || wanted != kind ||
        length < 4 || memcmp(path + length - 4, "-wal", 4) != 0 || ++seen != n) {
        return 0;
    }
    errno = error;
    return 1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    return refused('w', fd) ? -1
        : ((ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64"))(fd, bytes, size, at);
}

int fdatasync(int fd)
{
    return refused('s', fd) ? -1 : ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
"""


class Modes(TestCase):
    def test_nothing_of_customers_is_for_everyone(self):
        """With the most generous umask; what a killed run leaves counts too. The metrics file is for other programs."""
        server = self.standin(now=NOW, per_day=6, agents=4)
        site = self.site(server.url, metrics={"textfile": "rollcall.prom"})
        site.run("extract", "--until", NOW, env={"ROLLCALL_KILL_STEP": 20}, umask=0)
        left = set(os.listdir(site.directory))
        self.assertLessEqual({"rollcall.db", "rollcall.db-wal", "rollcall.db-shm", "rollcall.db.lock"}, left)
        self.check(site)
        self.ok(site.run(*RUN, umask=0))
        self.ok(site.run("export", "--out", "out/csv", umask=0))
        self.ok(site.run("snapshot", "copy.db", umask=0))
        self.assertGreater(self.check(site), 20)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(site.directory, "rollcall.prom")).st_mode), 0o644)
        self.ok(site.run("snapshot", "mine.db", umask=0o077))
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(site.directory, "mine.db")).st_mode), 0o600)

    def mode(self, site, name):
        return stat.S_IMODE(os.stat(os.path.join(site.directory, name)).st_mode)

    def test_a_mode_widens_whatever_the_umask_and_what_is_wider_stays(self):
        server = self.standin(now=NOW, per_day=6, agents=4)
        site = self.site(server.url, metrics={"textfile": "rollcall.prom"})
        self.ok(site.run(*RUN, umask=0o077))
        self.ok(site.run("export", umask=0o077))
        self.ok(site.run("snapshot", "copy.db", umask=0o077))
        made = ("rollcall.db", "rollcall.db.lock", "copy.db", "export/user.csv", "export/manifest.json")
        self.assertEqual({self.mode(site, name) for name in made}, {0o600})
        self.assertEqual(self.mode(site, "rollcall.prom"), 0o644)
        for name in made:
            os.chmod(os.path.join(site.directory, name), 0o660)
        for modes, wanted in ({}, 0o660), ({"mode": "0644"}, 0o664):
            site.set(database=modes, export=modes)
            self.ok(site.run(*RUN, umask=0o077))
            self.ok(site.run("export", umask=0o077))
            self.ok(site.run("snapshot", "copy.db", umask=0o077))
            self.assertEqual({self.mode(site, name) for name in made[:2]}, {wanted})
            self.assertEqual({self.mode(site, name) for name in made[2:]}, {0o644 if modes else wanted})
        self.ok(site.run("export", "--out", "new/csv", umask=0o077))
        self.assertEqual([self.mode(site, "new/csv"), self.mode(site, "new/csv/user.csv")], [0o755, 0o644])
        for text in ("640 ", "rw", "0400", "0755", "-1", "08"):
            site.set(export={"mode": text})
            self.assertEqual(site.run("status").returncode, 3 if text != "640 " else 1, text)

    @unittest.skipUnless(os.geteuid() == 0, "is about root")
    def test_what_root_makes_is_the_service_users(self):
        server = self.standin(now=NOW, per_day=6, agents=4)
        site = self.site(server.url, metrics={"textfile": "rollcall.prom"})
        self.assertNotIn("another user's", self.ok(site.run("status"), 9).stderr)
        os.chown(site.directory, 65534, 65534)
        os.chown(site.config, 65534, 65534)
        site.run("extract", "--until", NOW, env={"ROLLCALL_KILL_STEP": 20})
        for command in (RUN, ("export",), ("snapshot", "copy.db")):
            said = self.ok(site.run(*command)).stderr
            self.assertIn(f"sudo -u nobody rollcall -c {site.config} {command[0]}", said)
        for directory, directories, files in os.walk(site.directory):
            for name in [*directories, *files]:
                st = os.stat(os.path.join(directory, name))
                self.assertEqual((st.st_uid, st.st_gid), (65534, 65534), name)
        for command in (RUN, ("export",), ("snapshot", "copy.db")):
            self.ok(site.run(*command, before=AS_NOBODY))

    def check(self, site):
        count = 0
        for directory, directories, files in os.walk(site.directory):
            for name in [*directories, *files]:
                mode = stat.S_IMODE(os.stat(os.path.join(directory, name)).st_mode)
                if name != "rollcall.prom":
                    self.assertIn(mode, (0o750,) if name in directories else (0o640, 0o600), name)
                count += 1
        return count


class Refused(TestCase):
    """A write of a commit that the system refuses ends the run with its cause, and costs nothing but what was in it."""

    def rows(self, site):
        self.assertEqual(site.value("PRAGMA integrity_check"), "ok")
        return csv_bytes(site.export(), leave_out=("adherence_state",))

    @unittest.skipUnless(shim(SHIM), "no shim can be loaded here")
    def test_a_commit_that_fails(self):
        server = self.standin(now=NOW, days=2, per_day=6, agents=4)
        clean = self.site(server.url)
        self.ok(clean.run(*RUN))
        wanted = self.rows(clean)
        for kind, number, text in (("w", 5, "failing"), ("w", 28, "disk is full"), ("s", 5, "failing")):
            site = self.site(server.url)
            self.ok(site.run("extract", "--until", "2026-03-02"))
            recorded = 0
            for at in range(1, 20):
                out = site.run(*RUN, env={"LD_PRELOAD": shim(SHIM), "FAIL": f"{kind} {at} {number}"})
                if out.returncode == 0:
                    break
                self.assertEqual(out.returncode, 9, f"{kind} {at}: {out.stderr}")
                self.assertRegex(out.stderr, f"{site.db}: .*{text}")
                runs = site.query("SELECT exit_code, error FROM run WHERE run_id > 1")
                recorded = len(runs)
                for code, error in runs:
                    self.assertEqual(code, 9)
                    self.assertIn(text, error)
            self.assertGreater(recorded, 5)
            self.ok(site.run(*RUN))
            self.assertEqual(self.rows(site), wanted)

    def test_a_writer_that_does_not_let_go(self):
        """Held from the second page to the end, past the limit: ends with its cause, and the next run goes on."""
        server = self.standin(now=NOW, days=2, per_day=20, agents=6, page_cap=5)
        clean = self.site(server.url)
        self.ok(clean.run(*RUN))
        site = self.site(server.url)
        pages, writers = [], []

        def hold(_, path, __):
            pages.extend([path] if "/results" in path else ())
            if len(pages) == 2 and not writers:
                writers.append(sqlite3.connect(site.db, isolation_level=None, timeout=60, check_same_thread=False))
                writers[0].execute("BEGIN IMMEDIATE")

        site.set(genesys={"api_url": self.rewriting(server.url, hold)})
        out = self.ok(site.run(*RUN, env={"ROLLCALL_LIMIT_DB_BUSY_MS": "100"}), 9)
        self.assertIn("another program has been holding the database", out.stderr)
        writers[0].close()
        self.ok(site.run(*RUN))
        self.assertEqual(self.rows(site), self.rows(clean))


class Replaced(TestCase):
    """The file is replaced or removed, during a run or after a killed one: what lies there then is sound, nothing is
    written to it that is not its own, and nothing is thrown away."""

    BOTH = ["rollcall.db-shm", "rollcall.db-wal"]

    def setUp(self):
        self.server = self.standin(now=NOW, days=2, per_day=20, agents=6, page_cap=5)

    def clean(self):
        site = self.site(self.server.url)
        self.ok(site.run(*RUN))
        return csv_bytes(site.export(), leave_out=("adherence_state",))

    def with_backups(self, url):
        """A site with a copy of its file of a day ago, and a snapshot of it."""
        site = self.site(url, extract={"in_flight": "1"})
        self.ok(site.run("extract", "--until", "2026-03-02"))
        shutil.copy(site.db, site.db + "-copy")
        self.ok(site.run("snapshot", site.db + "-snapshot"))
        return site

    def aside(self, site):
        return sorted(re.sub(r"[.]before-\d+", "", name) for name in os.listdir(site.directory) if ".before-" in name)

    def check_next(self, site, wanted):
        self.ok(site.run(*RUN))
        self.assertEqual(site.value("PRAGMA integrity_check"), "ok")
        self.assertEqual(csv_bytes(site.export(), leave_out=("adherence_state",)), wanted)

    def put(self, site, kind):
        if kind == "removed":
            os.unlink(site.db)
        else:
            shutil.move(f"{site.db}-{kind}", site.db)
        return Path(site.db).read_bytes() if os.path.exists(site.db) else b""

    def test_during_a_run(self):
        wanted = self.clean()
        for kind, page in (("removed", 2), ("copy", 1), ("copy", 3), ("snapshot", 2)):
            pages, then = [], []

            def replace(_, path, __):
                pages.extend([path] if "/results" in path else ())
                if len(pages) == page and not then:
                    then.append(self.put(site, kind))

            site = self.with_backups(self.server.url)
            site.set(genesys={"api_url": self.rewriting(self.server.url, replace)})
            out = site.run(*RUN)
            with self.subTest(kind=kind, page=page):
                self.assertEqual(out.returncode, 9, out.stderr)
                self.assertIn(f"{site.db}: it was replaced, moved or removed", out.stderr)
                self.assertEqual(self.aside(site), self.BOTH)
                self.assertFalse(os.path.exists(site.db + "-wal"))
                self.assertEqual(Path(site.db).read_bytes() if os.path.exists(site.db) else b"", then[0])
                self.check_next(site, wanted)

    def test_while_another_program_reads(self):
        """What it uses stays where it is until it is done."""
        site = self.with_backups(self.server.url)
        reader = sqlite3.connect(site.db, isolation_level=None)
        reader.execute("BEGIN")
        count = reader.execute("SELECT count(*) FROM conversation").fetchone()
        self.ok(site.run(*RUN))
        then = self.put(site, "snapshot")
        for command in (("status",), RUN):
            self.assertIn("write-ahead log (-wal) of another", self.ok(site.run(*command), 9).stderr)
        self.assertEqual((self.aside(site), Path(site.db).read_bytes()), ([], then))
        self.assertEqual(reader.execute("SELECT count(*) FROM conversation").fetchone(), count)
        reader.close()
        self.check_next(site, self.clean())
        self.assertEqual(self.aside(site), self.BOTH)

    def test_after_a_killed_run(self):
        """At each step; a log that is the file's own is always recovered, also where the file looks younger."""
        wanted = self.clean()
        site = self.with_backups(self.server.url)
        steps = site.steps(*RUN)
        first, last = steps.index("request"), len(steps)
        for step in range(first, last, 1 if FULL else last // 3):
            for kind in ("touched", "removed", "snapshot"):
                site = self.with_backups(self.server.url)
                self.assertTrue(killed(site.run(*RUN, env={"ROLLCALL_KILL_STEP": step})))
                was = site.value("SELECT count(*) FROM raw_page")
                os.chmod(site.db, 0o600)
                if kind != "touched":
                    self.put(site, kind)
                with self.subTest(kind=kind, step=step):
                    out = site.run("status")
                    self.assertEqual(self.aside(site), self.BOTH if kind == "snapshot" else [], out.stderr)
                    if kind == "touched":
                        self.assertEqual(site.value("SELECT count(*) FROM raw_page"), was)
                    self.check_next(site, wanted)
                    self.assertEqual(self.aside(site), [] if kind == "touched" else self.BOTH)
