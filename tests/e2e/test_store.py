#!/usr/bin/env python3
"""The database's own troubles: who may read what is made, writes that the system refuses, another writer, a file that is
replaced."""
import os
import stat
import subprocess
import tempfile
import unittest

from harness import TestCase, csv_bytes

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

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shim = os.path.join(tempfile.mkdtemp(prefix="rollcall-test-"), "shim.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", cls.shim, "-ldl"], input=SHIM, text=True, check=True)

    def rows(self, site):
        self.assertEqual(site.value("PRAGMA integrity_check"), "ok")
        return csv_bytes(site.export(), leave_out=("adherence_state",))

    def test_a_commit_that_fails(self):
        server = self.standin(now=NOW, days=2, per_day=6, agents=4)
        clean = self.site(server.url)
        self.ok(clean.run(*RUN))
        wanted = self.rows(clean)
        for kind, number, text in (("w", 5, "failing"), ("w", 28, "disk is full"), ("s", 5, "failing")):
            site = self.site(server.url)
            self.ok(site.run("extract", "--until", "2026-03-02"))
            recorded = 0
            for at in (1, 2, 5, 8, 13):
                out = site.run(*RUN, env={"LD_PRELOAD": self.shim, "FAIL": f"{kind} {at} {number}"})
                self.assertEqual(out.returncode, 9, f"{kind} {at}: {out.stderr}")
                self.assertRegex(out.stderr, f"{site.db}: (INSERT|COMMIT|UPDATE).*{text}")
                runs = site.query("SELECT exit_code, error FROM run WHERE run_id > 1")
                recorded = len(runs)
                for code, error in runs:
                    self.assertEqual(code, 9)
                    self.assertIn(text, error)
            self.assertGreaterEqual(recorded, 2)
            self.ok(site.run(*RUN))
            self.assertEqual(self.rows(site), wanted)


if __name__ == "__main__":
    unittest.main()
