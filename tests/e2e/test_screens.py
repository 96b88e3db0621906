"""What a person sees on the screen: each is kept as a file of tests/golden/screens (see screen.py)."""
import concurrent.futures
import re
import socket
import time
import unittest

from broken import SECRET, cloud, login_error, missing
from harness import ROOT, TestCase, at_terminal, clock_at
from screen import SIZES, assert_kept, at_screen, moments

YESTERDAY = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400))
LOGIN = "/oauth/token"


class Check(TestCase):
    def screens(self, name, code, answers=None):
        site = self.site(cloud(self, answers).url, start=YESTERDAY, genesys={"client_secret": SECRET},
                         database={"path": "rollcall.db"}, extract={"requests_per_minute": "300"})
        site.config = "rollcall.ini"
        for size in SIZES:
            screen, written, got = at_screen(site.command("check"), site.environment(), size, cwd=site.directory)
            self.assertEqual(got, code, written)
            assert_kept(self, name, screen)
        return written, screen

    def test_good(self):
        written, _ = self.screens("check-good", 0)
        self.assertIn("\x1b[32mok\x1b[0m", written)

    def test_no_colour(self):
        site = self.site(None, genesys={"region": "nowhere"})
        for env in ({"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}):
            written, code = at_terminal(site.command("check"), {**site.environment(), **env})
            self.assertEqual(code, 3)
            self.assertNotIn("\x1b", written)

    def test_wrong_secret(self):
        written, screen = self.screens("check-wrong-secret", 4, {LOGIN: login_error(401, "invalid_client", "authentication failed")})
        words = [line.split()[0] for line in screen.lines if line[:1] not in ("", " ")]
        self.assertEqual(words[-4:], ["FAILED", "cause", "remedy", "$"])
        self.assertEqual(written.count("SAML"), 1)
        self.assertEqual(written.count("skipped"), 1)

    def test_missing_permission(self):
        self.screens("check-missing-permission", 5, {"/api/v2/routing/queues": missing("routing:queue:view")})


# What is waited for: the fault that makes it, a limit, what is extracted, and a moment's words.
WAITS = {
    "retry": ("429:path=/api/v2/users,retry_after=2,times=1", {}, "users", "try 2 in"),
    "answer": ("latency:path=/api/v2/routing/queues,ms=2500,times=1", {}, "queues", "no answer for .*queues"),
    "poll": ("latency:path=/none", {"ROLLCALL_LIMIT_JOB_POLL_FIRST_MS": "2500"}, "conversations", "poll 1 in"),
    "done": ("latency:ms=300", {}, "conversations", r"pages, \d+ rows, \d+ rows/s, about"),
}


MASKS = (
    (r"\d of (\d days), \d+ pages?, \d+ rows, \d+ rows/s", r"# of \1, # pages, # rows, # rows/s"),
    (r"(job )[\da-f-]+", lambda job: job.group(1) + re.sub("[^-]", "#", job.group(0)[4:])),
)


class Extract(TestCase):
    def one(self, name, size):
        fault, limits, stream, words = WAITS[name]
        site = self.site(self.standin(now="2026-03-04T06:00:00Z", per_day=20, faults=[fault]).url)
        command = site.command("extract", "--stream", stream, "--until", "2026-03-04T06:00:00Z")
        screen, written, code = at_screen(command, {**site.environment(), **limits}, size, cwd=site.directory)
        self.assertEqual(code, 0, written)
        told = [moment.lines[-1] for moment in moments(written, size) if re.search(words, moment.lines[-1])]
        self.assertTrue(told, written)
        screen.lines.insert(0, told[-1] if name == "done" else told[0])
        return name, screen

    def test_waits_are_told(self):
        """The line of the moment, and the screen at the end."""
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            runs = [threads.submit(self.one, name, size) for name in WAITS for size in SIZES]
        for run in runs:
            name, screen = run.result()
            assert_kept(self, "extract-" + name, screen, MASKS)


class Backfill(TestCase):
    def one(self, size):
        site = self.site(self.standin(days=6, now="2026-03-06T06:00:00Z", per_day=20, faults=["latency:ms=120"]).url)
        command = site.command("backfill", "--from", "2026-03-02", "--to", "2026-03-04", "--stream", "conversations", "--stream",
                               "conversation_aggregate")
        screen, written, code = at_screen(command, {**site.environment(), "ROLLCALL_LIMIT_JOB_POLL_FIRST_MS": "600"}, size,
                                          cwd=site.directory)
        self.assertEqual(code, 0, written)
        told = [m.lines[-1] for m in moments(written, size) if re.search("backfill: .* left", m.lines[-1])]
        self.assertTrue(told, written)
        self.assertLess(max(map(len, told)), size[0])
        screen.lines.insert(0, told[-1])
        return screen

    def test_the_bar(self):
        """As it stood late on the way, and the screen at the end."""
        masks = ((r"\[[#-]+\] \d+ %: \d+ pages?, \d+ rows, \d+ rows/s", "[####----] # %: # pages, # rows, # rows/s"),)
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            for screen in threads.map(self.one, SIZES):
                assert_kept(self, "backfill", screen, masks)


NOW = "2026-03-06T06:00:00Z"
# Queries that need more streams.
OF_AGENTS = {"agent_day", "agent_occupancy", "agent_status", "not_responding", "adherence_conformance", "adherence_exceptions",
             "schedule_actual"}
TIMES = ((r"(?m)^clock .*\n", ""), (r"(?m)(^gap_seconds +540)\d\d$", r"\1##"), (r"T\d\d:\d\d:\d\d\.\d+Z", "Thh:mm:ss.000Z"),)


class Tables(TestCase):
    """The first page, as a pager shows it."""

    def extracted(self, code=0, **options):
        clock = clock_at(NOW)
        if not clock:
            self.skipTest("no clock of its own for a program here")
        server = self.standin(start="2026-03-01", days=5, now=NOW, per_day=30, agents=5, queues=2, **options)
        site = self.site(server.url, start="2026-03-02", timezone="Asia/Seoul", database={"path": "rollcall.db"})
        site.config = "rollcall.ini"
        site.env.update({key: str(value) for key, value in clock.items()})
        self.ok(site.extract(), code)
        return site

    def screens(self, site, name, *words, code=0, masks=TIMES):
        for size in SIZES:
            env = site.environment(ROLLCALL_PAGER=f"head -{size[1] - 1}")
            screen, written, got = at_screen(site.command(*words), env, size, cwd=site.directory)
            self.assertEqual(got, code, written)
            self.assertLessEqual(max(map(len, screen.lines)), size[0])
            assert_kept(self, name, screen, masks)

    def test_good(self):
        site = self.extracted()
        self.screens(site, "status-good", "status")
        self.screens(site, "recent", "recent")
        queries = sorted(path.stem for path in (ROOT / "queries").glob("*.sql"))
        self.assertLess(OF_AGENTS, set(queries))
        for query in (q for q in queries if q not in OF_AGENTS):
            self.screens(site, "query-" + query, "query", query)
        self.ok(site.extract(*(w for s in ("user_status", "schedules", "adherence_historical") for w in ("--stream", s))))
        for query in sorted(OF_AGENTS):
            self.screens(site, "query-" + query, "query", query, "to=2026-03-05")  # the day after has only begun

    def test_partial(self):
        self.screens(self.extracted(11, deny="/api/v2/routing/queues"), "status-partial", "status", code=1)

    def test_never_run(self):
        site = self.site("http://127.0.0.1:9", database={"path": "rollcall.db"})
        site.config = "rollcall.ini"
        self.screens(site, "status-never-run", "status", code=9)

    def test_refused(self):
        """The morning after a night that every stream missed: why stands on the screen, however many there are."""
        site = self.site(cloud(self, {LOGIN: login_error(401, "invalid_client", "authentication failed")}).url, start=YESTERDAY,
                         genesys={"client_secret": SECRET}, database={"path": "rollcall.db"}, extract={"streams": "all"})
        site.config = "rollcall.ini"
        said = self.ok(site.extract(), 4).stderr.splitlines()
        self.assertLessEqual(max(map(len, said)), 300)
        self.assertRegex(said[-3], r"HTTP 401 invalid_client: authentication failed\.\.\. the secret is wrong .*Remedy: copy the secret")
        self.assertRegex(said[-2], r"^\(client_id from .*; client_secret from .*; host by .*\)$")
        self.assertIn("SAML", site.run("-v", "extract").stderr)
        self.screens(site, "status-refused", "status", code=1, masks=((r"\d\d:\d\dZ", "hh:mmZ"),))


class Patience(TestCase):
    """A host that takes no connection, and one whose name is unknown."""

    def dead(self):
        server = socket.socket()
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        full = [socket.socket() for _ in range(4)]
        for client in full:
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        for each in (server, *full):
            self.addCleanup(each.close)
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    def test_recent_and_check_give_up(self):
        site = self.site(self.dead(), genesys={"patience_seconds": "3"})
        site.env = {}
        for command in ("recent", "check"):
            begun = time.monotonic()
            _, written, code = at_screen(site.command(command), site.environment(), SIZES[0], cwd=site.directory)
            self.assertEqual(code, 7, written)
            self.assertIn("no answer for 1 s (try 1; given up in 2 s)", written)
            self.assertIn("the host does not answer", " ".join(written.split()))
            self.assertLess(time.monotonic() - begun, 3 + 6)

    def test_an_api_that_is_silent_is_asked_once(self):
        server = cloud(self, {"/api/v2/users": lambda _: time.sleep(3)})
        site = self.site(server.url, start=YESTERDAY, genesys={"client_secret": SECRET, "patience_seconds": "1"})
        site.env = {}
        result = self.ok(site.run("check"), 7)
        self.assertEqual(result.stdout.count("the API did not answer in time"), 2, result.stdout)
        self.assertEqual(len([s for s in server.seen if s["path"].startswith("/api/v2/users")]), 1)
        begun = time.monotonic()
        self.ok(site.run("check", "--stream", "adherence_realtime"), 7)
        server.answers["/api/v2/"] = lambda seen: None if "/tokens/" in seen["path"] else time.sleep(3)
        del server.answers["/api/v2/users"]
        self.ok(site.run("check", "--stream", "adherence_realtime"), 7)
        self.assertLess(time.monotonic() - begun, 8)

    def test_an_unknown_name_is_not_asked_for_minutes(self):
        site = self.site(None, genesys={"login_url": "https://login.nowhere.invalid", "api_url": "https://api.nowhere.invalid"})
        site.env = {}
        begun = time.monotonic()
        _, written, code = at_screen(site.command("extract"), site.environment(), SIZES[0], cwd=site.directory)
        self.assertEqual(code, 7, written)
        self.assertRegex(written, r"try \d in \d s \(host name unknown; given up in \d+ s\): login")
        self.assertLess(time.monotonic() - begun, 10 + 20)


if __name__ == "__main__":
    unittest.main()
