"""Answers that mean harm: whatever one holds, memory stays bounded and no secret shows."""
import base64
import datetime
import functools
import gzip
import os
import struct
import unittest
import urllib.parse
import zlib
from pathlib import Path

from broken import SECRET, TOKEN, cloud
from harness import CLIENT_ID, FULL, TestCase, shim

MIB = 1 << 20
NOW = "2026-03-02T06:00:00Z"


# Fails the memory request of that number which has libcurl among its callers.
NO_MEMORY = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
static int ready, count;
static __thread int inside;

static int fails(void)
{
    void *callers[5];
    Dl_info from;
    int found = 0;

    if (!ready || inside)
        return 0;
    inside = 1;
    for (int i = backtrace(callers, 5) - 1; i >= 0; i--)
        found |= dladdr(callers[i], &from) && from.dli_fname && strstr(from.dli_fname, "libcurl");
    inside = 0;
    return found && ++count == atoi(getenv("FAIL_AT"));
}

__attribute__((constructor)) static void begin(void)
{
    void *callers[1];
    backtrace(callers, 1); /* loads what it needs */
    ready = 1;
}

void *malloc(size_t n) { return fails() ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t m) { return fails() ? NULL : __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { return fails() ? NULL : __libc_realloc(p, n); }
"""


def packed(piece, megabytes, before=b"", after=b""):
    """`piece` again and again, in gzip: a megabyte of it is packed once, as a block that needs no other."""
    def block(data, end=zlib.Z_FULL_FLUSH):
        pack = zlib.compressobj(9, wbits=-15)
        return pack.compress(data) + pack.flush(end)

    many = piece * (MIB // len(piece))
    check = functools.reduce(lambda sum, data: zlib.crc32(data, sum), [before, *[many] * megabytes, after], 0)
    return b"".join([b"\x1f\x8b\x08\0\0\0\0\0\0\xff", block(before), block(many) * megabytes, block(after, zlib.Z_FINISH),
                     struct.pack("<2I", check, len(before) + len(many) * megabytes + len(after))])


GZIP = {"Content-Encoding": "gzip", "Content-Type": "application/json"}


def rows(count):
    return gzip.compress(b'{"entities":[' + b",".join(b'{"id":"%06d"}' % i for i in range(count)) +
                         b'],"total":%d,"pageCount":1}' % count)


BODIES = {  # name: body, headers, largest RSS in MiB, exit code
    "ones": (packed(b"1,", 900, b"[", b"1]"), GZIP, 64, 8),
    "zeros": (packed(b"\0", 900), GZIP, 64, 8),
    "plain": (b'{"entities":[' + b"1," * (30 * MIB) + b"1]}", {}, 64, 8),
    "dense": (packed(b"1,", 8, b"[", b"1]"), GZIP, 64, 8),
    "deep": (packed(b"[", 15), GZIP, 64, 8),
    "text": (packed(b"a", 15, b'{"entities":[{"id":"1","name":"', b'"}],"total":1,"pageCount":1}'), GZIP, 96, 0),
    "values": (packed(b"1,", 3, b'{"entities":[{"id":"1","skills":[', b'1]}],"total":1,"pageCount":1}'), GZIP, 96, 0),
    "rows": (rows(40000), GZIP, 96, 0),
    "many rows": (rows(400000), GZIP, 64, 8),
    "invalid": (packed(b"\xff", 5, b'{"entities":[{"id":"1","name":"', b'"}],"total":1,"pageCount":1}'), GZIP, 96, 0),
}


@unittest.skipIf(os.environ.get("ROLLCALL_SANITIZED"), "sanitizers need memory of their own")
class Memory(TestCase):
    def test_an_answer_takes_no_more_than_its_share(self):
        for name, (body, headers, most, code) in BODIES.items():
            with self.subTest(name):
                server = cloud(self, {"/api/v2/users": (200, body, headers)})
                site = self.site(server.url, genesys={"client_secret": SECRET})
                result, rss = site.measured("extract", "--stream", "users", "--until", NOW, env={"ROLLCALL_LIMIT_INFLATE_RATIO": 2000})
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertLessEqual(rss, most)

    def test_many_large_pages_on_their_way(self):
        def page(seen):
            number = seen["path"].rsplit("=", 1)[1]
            return 200, (b'{"total":24,"pageSize":1,"pageCount":24,"entities":[{"id":"%s","about":"%s"}]}'
                         % (number.encode(), b"x" * (6 * MIB)))

        server = cloud(self, {"/api/v2/users": page})
        site = self.site(server.url, genesys={"client_secret": SECRET}, extract={"in_flight": "16"})
        result, rss = site.measured("extract", "--stream", "users", "--until", NOW)
        self.assertLessEqual((self.ok(result).returncode, rss), (0, 96))
        self.assertEqual(site.value("SELECT count(*) FROM user"), 24)

    def test_many_agents_take_no_more(self):
        server = self.standin(days=1, per_day=1, agents=800, now="2026-03-02T00:00:00Z")
        site = self.site(server.url)
        for stream in "user_status", "user_aggregate":
            result, rss = site.measured("extract", "--stream", stream, "--until", "2026-03-02")
            self.assertLessEqual((self.ok(result).returncode, rss), (0, 48), stream)

    def test_days_of_all_streams_take_no_more_for_being_many(self):
        start, used = datetime.date(2026, 1, 1), []
        for days in (10, 90) if FULL else (3, 10):
            now = f"{start + datetime.timedelta(days=days)}T06:00:00Z"
            server = self.standin(start=str(start), days=days, per_day=40, agents=20, now=now)
            site = self.site(server.url, start=str(start), extract={"streams": "all, quality, telephony"})
            result, rss = site.measured("extract", "--until", now)
            self.ok(result)
            self.assertEqual(site.value("SELECT count(*) FROM extract_window WHERE stream = 'conversations' AND state <> 'open'"), days)
            used.append(rss)
        print("%d and %d MiB" % tuple(used))
        self.assertLessEqual(used[1], 48)
        self.assertLessEqual(used[1] - used[0], 12, "more than pages that wait and the walkers of kinds that few days have not met")


def echo(status, form, key="message"):
    """An answer that gives back what it was sent, in each place from which words are taken."""
    def answer(seen):
        words = {"plain": seen["authorization"] + " " + SECRET, "quoted": urllib.parse.quote(seen["authorization"]),
                 "base64": base64.b64encode(f"{CLIENT_ID}:{SECRET} {seen['authorization']}".encode()).decode()}[form]
        headers = {"ININ-Correlation-Id": words, "Content-Type": words, "Location": words, "Retry-After": words}
        return status, words if key is None else {key: words, "code": words, "status": status}, headers
    return answer


class Echo(TestCase):
    def test_what_a_server_gives_back_is_masked(self):
        for path, key in (("/oauth/token", "error_description"), ("/oauth/token", None), ("/api/v2/users", "message"),
                          ("/api/v2/users", None)):
            for status in (302, 400, 401, 503):
                for form in ("plain", "quoted", "base64"):
                    with self.subTest(path=path, key=key, status=status, form=form):
                        server = cloud(self, {path: echo(status, form, key)})
                        site = self.site(server.url, genesys={"client_secret": SECRET})
                        site.env["ROLLCALL_LIMIT_RETRY_TOTAL_MS"] = "1"
                        result = site.extract("--stream", "users", "--until", NOW)
                        told = result.stderr + result.stdout + "".join(
                            p.read_bytes().decode("latin-1") for p in Path(site.directory).glob("rollcall.db*"))
                        self.assertNotEqual(result.returncode, 0)
                        self.assertTrue("***" in told)
                        hidden = [base64.b64encode(b" " * n + s.encode()).decode()[4:-4]
                                  for s in (SECRET, TOKEN) for n in range(3)] + [SECRET, TOKEN]
                        self.assertEqual([h for h in hidden if h[:16] in told or h[-16:] in told], [])


class NoMemory(TestCase):
    @unittest.skipUnless(shim(NO_MEMORY), "no glibc")
    def test_no_memory_and_no_thread_are_no_trouble_of_the_network(self):
        server = cloud(self)
        site = self.site(server.url, genesys={"client_secret": SECRET})
        for at in range(1, 160, 40):
            result = site.extract("--stream", "users", env={"LD_PRELOAD": shim(NO_MEMORY), "FAIL_AT": at})
            self.assertEqual(result.returncode, 70, (at, result.stderr))
        result = site.extract(env={"LD_PRELOAD": shim("int pthread_create(void) { return 11; /* EAGAIN */ }")})
        self.assertRegex(self.ok(result, 70).stderr, "^rollcall: out of threads [^\n]*\n$")
