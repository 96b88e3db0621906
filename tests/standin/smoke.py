"""The stand-in holds what it promises where no test of the program would see that it does not: what it refuses, the faults that
retries hide, what its histories are full of. That its answers are right is what extractions are compared with its truth for."""
import base64
import collections
import contextlib
import datetime
import gzip
import http.client
import json
import os
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from harness import CLIENT_ID, CLIENT_SECRET, STANDIN, Standin, TestCase  # noqa: E402

DETAILS = "/api/v2/analytics/conversations/details"
JOBS = DETAILS + "/jobs"
ADHERENCE = "/api/v2/workforcemanagement/adherence"
INTERVALS = "/api/v2/analytics/agents/realtime/intervals?interval="
DAY = "2026-01-%02dT00:00:00Z"
AS_JSON = {"Content-Type": "application/json"}
Answer = collections.namedtuple("Answer", "status headers raw")


class Server(Standin):
    """Asked as a client of its own, whatever it answers."""

    def __init__(self, directory, **options):
        super().__init__(directory, **{"start": "2026-01-01", "per_day": 150, "agents": 150, "seed": 1, **options})
        self.token = None
        self.login()

    def ask(self, method, path, body=None, headers=(), packed=False):
        headers = dict(headers)
        if isinstance(body, dict):
            body = json.dumps(body)
            headers.update(AS_JSON)
        if self.token:
            headers.setdefault("Authorization", "Bearer " + self.token)
        if packed:
            headers["Accept-Encoding"] = "gzip"
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def json(self, method, path, body=None, status=200):
        answer = self.ask(method, path, body)
        assert answer.status == status, (method, path[:200], answer.status, answer.raw[:300])
        return json.loads(answer.raw)

    def login(self, client=CLIENT_ID, secret=CLIENT_SECRET, form="grant_type=client_credentials", **headers):
        pair = base64.b64encode(f"{client}:{secret}".encode()).decode()
        answer = self.ask("POST", "/oauth/token", form, {"Authorization": "Basic " + pair,
                                                         "Content-Type": "application/x-www-form-urlencoded", **headers})
        self.token = json.loads(answer.raw).get("access_token", self.token)
        return answer

    def query(self, first, last=None, page=1, size=100):
        body = {"interval": f"{DAY % first}/{DAY % (last or first + 1)}", "paging": {"pageSize": size, "pageNumber": page}}
        return self.json("POST", DETAILS + "/query", body)

    def submit(self, first, last, **more):
        return f"{JOBS}/" + self.json("POST", JOBS, {"interval": f"{DAY % first}/{DAY % last}", "order": "asc", **more}, 202)["jobId"]


class StandinTest(TestCase):
    def server(self, **options):
        server = Server(self.directory(), **options)
        self.addCleanup(server.stop)
        return server

    def assert_statuses(self, server, *cases):
        """Cases: the status expected, then what is asked."""
        for expected, *asked in cases:
            with self.subTest(asked=str(asked)[:200]):
                self.assertEqual(server.ask(*asked).status, expected)


class Refused(StandinTest):
    def test_logins(self):
        server = self.server()
        for status, error, how in [
                (400, "client not found", {"client": "nobody"}),
                (401, "authentication failed", {"secret": "wrong"}),
                (401, "authentication failed", {"secret": CLIENT_SECRET + " "}),
                (400, "grant type is not supported", {"form": "grant_type=password"}),
                (400, "grant_type is missing", {"form": ""}),
                (400, "content type must be application/x-www-form-urlencoded", AS_JSON)]:
            answer = server.login(**how)
            self.assertEqual((answer.status, json.loads(answer.raw)["error_description"]), (status, error))

    def test_tokens_and_routes(self):
        server = self.server(token_seconds=1)
        self.assert_statuses(server, (200, "GET", "/api/v2/users"), (200, "HEAD", "/api/v2/tokens/me"),
                             (404, "GET", "/api/v2/nothing"), (405, "GET", "/oauth/token"), (405, "POST", "/api/v2/users"))
        time.sleep(1.1)
        answer = server.ask("GET", "/api/v2/users")
        self.assertEqual((answer.status, json.loads(answer.raw)["code"]), (401, "bad.credentials"))
        self.assertTrue(answer.headers["ININ-Correlation-Id"] and answer.headers["Date"])

    def test_queries(self):
        server = self.server()
        day, query = {"interval": f"{DAY % 1}/{DAY % 2}"}, ("POST", DETAILS + "/query")
        paging = [{"pageSize": 101, "pageNumber": 1}, {"pageSize": 0, "pageNumber": 1}, {"pageSize": "9", "pageNumber": 1},
                  {"pageSize": 100, "pageNumber": 1001}]
        wrong = [{"interval": None}, {"interval": "yesterday"}, {"interval": f"{DAY % 2}/{DAY % 1}"},
                 {"interval": f"{DAY % 1}/{DAY % 9}"}, {"order": "up"}, *({"paging": one} for one in paging)]
        job, ids = server.submit(1, 2), [row["conversationId"] for row in server.query(1)["conversations"]]
        self.assert_statuses(
            server, *((400, *query, {**day, **change}) for change in wrong), (400, *query, "{", AS_JSON),
            (415, *query, "{}", {"Content-Type": "text/plain"}), (413, *query, " " * 600000, AS_JSON),
            (200, "GET", DETAILS + "?id=" + ",".join(ids)), (400, "GET", DETAILS + "?id=" + ",".join(ids + ids[:1])),
            (400, "GET", job + "/results?cursor=bm9uZQ=="), (400, "GET", job + "/results?pageSize=1001"), (204, "DELETE", job),
            (404, "DELETE", job), (404, "GET", job + "/results"),
            (400, "GET", "/downloads/x/y?X-Signature=a%2Fb"))  # which take no token
        touched = {"interval": "2026-01-01T23:59:59Z/2026-01-02T00:00:01Z"}
        self.assertEqual(server.json(*query, touched)["totalHits"], server.query(1, 3)["totalHits"], "whole days")

    def test_adherence(self):
        server = self.server()
        for asked, code in [(ADHERENCE, "no.user.ids.specified"), (ADHERENCE + "?userId=" + ",".join("x" * 101), "max.user.ids")]:
            self.assertEqual(server.json("GET", asked, None, 400)["code"], code)
        self.assert_statuses(server, (404, "GET", f"{INTERVALS}{DAY % 1}/{DAY % 2}"))
        server.control(deny=[ADHERENCE, "/api/v2/analytics/agents"])
        answer = server.json("GET", ADHERENCE + "?userId=x", None, 403)
        self.assertEqual(answer["code"], "missing.any.permissions")
        self.assertIn("[wfm:realtimeAdherence:view]", answer["message"])
        self.assert_statuses(server, (403, "POST", "/api/v2/analytics/agents/status/query", {}))

    def test_what_makes_no_sense(self):
        server = self.server()
        for spec in ("nonsense", "429:every=0", "429:every", "latency:times=x"):
            self.assert_statuses(server, (400, "POST", "/standin/control", {"faults": [spec]}))
            self.assertEqual(subprocess.run([STANDIN, "--fault", spec], capture_output=True, check=False).returncode, 2, spec)
        self.assert_statuses(server, (400, "POST", "/standin/control", {"nothing": 1}))


def segments_of(row):
    return [segment for participant in row["participants"] for session in participant["sessions"]
            for segment in session.get("segments", [])]


class Histories(StandinTest):
    def test_later_states(self):
        """What was true stays true, except for what reprocessing is known to change."""
        server = self.server(per_day=300)
        seen, figures = {}, collections.Counter()
        for day in (4, 5, 6, 7, 8, 10, 13, 17, 23):
            now = DAY % day
            rows = {line["conversation"]["conversationId"]: line["conversation"]
                    for line in server.truth(method="query", start="2025-12-29", now=now, availability=now)}
            figures["late"] += bool(seen) and len(set(rows) - set(seen))
            for old, new in ((old, rows[identity]) for identity, old in seen.items() if rows[identity] != old):
                self.assertEqual(new["conversationStart"], old["conversationStart"])
                kept = segments_of(new)
                figures["vanished"] += sum(s not in kept for s in segments_of(old) if "segmentEnd" in s)
                end, ends = (row.get("conversationEnd") for row in (old, new))
                figures["ended later"] += not end and bool(ends)
                figures["reopened"] += bool(end) and end != ends
                if end and end == ends:
                    figures["late wrap-ups"] += len(kept) > len(segments_of(old))
                    late_by = datetime.date.fromisoformat(before[:10]) - datetime.date.fromisoformat(end[:10])
                    self.assertLessEqual(late_by.days, 3, "a change later than three days")
            seen, before = rows, now
        figures["open"] = sum("conversationEnd" not in row for row in seen.values())
        self.assertTrue(len(figures) == 6 and all(figures.values()), figures)

    def test_shape(self):
        server = self.server(days=1, per_day=2000)
        rows = [line["conversation"] for line in server.truth("2026-01-01", method="query")]
        found = collections.Counter(bytes=len(server.get("/standin/truth?method=query")))
        for participant in (p for row in rows for p in row["participants"]):
            found.update(participants=1, sessions=len(participant["sessions"]))
            for session in participant["sessions"]:
                found.update({name: len(session.get(name, ())) for name in ("metrics", "segments")})
        for name, goal in (("participants", 4), ("sessions", 4), ("metrics", 20), ("segments", 10), ("bytes", 7200)):
            self.assertAlmostEqual(found[name] / len(rows) / goal, 1, delta=0.15, msg=name)

    def test_prepared_pages_are_the_same(self):
        body = {"interval": f"{DAY % 1}/{DAY % 2}", "order": "asc", "paging": {"pageSize": 100, "pageNumber": 2}}
        plain, ready = self.server(), self.server(prerender=True)
        answers = [server.ask("POST", DETAILS + "/query", body, packed=True) for server in (plain, ready)]
        self.assertEqual(*(gzip.decompress(answer.raw) for answer in answers))
        self.assertEqual(plain.query(1), ready.query(1))


class Faults(StandinTest):
    @classmethod
    def setUpClass(cls):
        case = cls.shared()
        cls.one = Server(case.directory())
        case.addCleanup(cls.one.stop)

    def faults(self, *faults):
        self.one.control(faults=list(faults), date=None)
        self.one.login()
        return self.one

    def test_how_often_and_where_one_strikes(self):
        """What requests are answered, time after time."""
        users, me, job = ("GET", "/api/v2/users"), ("GET", "/api/v2/organizations/me"), ("DELETE", JOBS + "/x")
        for fault, asked, *expected in [
                ("429:every=3", me, 200, 200, 429, 200, 200, 429), ("5xx:status=502,every=2,times=1", me, 200, 502, 200, 200),
                ("burst:after=1,count=2,status=504", me, 200, 504, 504, 200, 200), ("5xx:path=/api/v2/users", me, 200, 200),
                ("token-death:after=2", me, 200, 200, 401), ("4xx:method=DELETE", job, 400), ("4xx:method=DELETE", users, 200),
                ("5xx:has=pageNumber=3", users, 200), ("5xx:has=pageNumber=3", ("GET", users[1] + "?pageNumber=3"), 503),
                ("4xx:status=404,has=state=any,n=2", ("GET", users[1] + "?state=any"), 200, 404, 200),
                ("5xx:path=/api/v2/analytics$", ("GET", JOBS + "/availability"), 200),
                ("5xx:path=*/availability$", ("GET", JOBS + "/availability"), 503)]:
            with self.subTest(fault=fault):
                self.assert_statuses(self.faults(fault), *((status, *asked) for status in expected))

    def test_rate_limit_forms(self):
        for form, expected in [("2", "2"), ("absent", None), ("negative", "-5"), ("huge", "9" * 20), ("garbage", 'soon, "maybe"')]:
            answer = self.faults(f"429:retry_after={form},path=/api/v2/users").ask("GET", "/api/v2/users")
            self.assertEqual((answer.status, answer.headers["Retry-After"]), (429, expected))
        for form, later in [("http-date", True), ("past-date", False)]:
            headers = self.faults(f"429:retry_after={form},path=/api/v2/users").ask("GET", "/api/v2/users").headers
            moment, date = (time.strptime(headers[name], "%a, %d %b %Y %H:%M:%S GMT") for name in ("Retry-After", "Date"))
            self.assertEqual(moment > date, later)

    def test_pages_of_jobs(self):
        def rows(page):
            return self.one.json("GET", f"{job}/results?pageSize=50" + page).get("conversations", [])
        job = self.faults("short-pages", "empty-page").submit(1, 4)
        first = self.one.json("GET", f"{job}/results?pageSize=50")
        self.assertEqual((len(first["conversations"]), rows("&cursor=" + urllib.parse.quote(first["cursor"]))), (26, []))
        job = self.faults("job-expire:after=2").submit(1, 4)
        self.assert_statuses(self.one, *[(status, "GET", job + "/results?pageSize=10") for status in (200, 200, 404, 404)])
        self.assert_statuses(self.one, (200, "GET", self.one.submit(1, 2) + "/results"))

    def test_what_jobs_leave_out(self):
        def begun(**more):
            rows = self.one.json("GET", self.one.submit(2, 3, **more) + "/results")["conversations"]
            return [(row["conversationStart"], row["conversationId"]) for row in rows]
        whole = self.faults() and begun()
        self.assertEqual(begun(order="desc", limit=20), whole[::-1][:20])
        own = [row for row in whole if row[0] >= DAY % 2]
        self.assertEqual(begun(startOfDayIntervalMatching=True), own)
        self.assertLess(len(own), len(whole))
        day = {"interval": f"{DAY % 2}/{DAY % 3}"}
        self.assert_statuses(self.one, *((code, "POST", path, {**day, **more}) for code, path, more in (
            (400, JOBS, {"limit": 0}), (501, JOBS, {"segmentFilters": [{}]}), (501, JOBS, {"orderBy": "segmentEnd"}),
            (501, JOBS.replace("conversations", "users"), {"limit": 1}), (501, JOBS.replace("conversations", "users"), {"userFilters": [{}]}))))

    def test_rows_that_hide_and_odd_strings(self):
        def ids(*pages):
            return [row["conversationId"] for n in pages for row in self.one.query(1, page=n)["conversations"]]
        first, second = self.faults() and ids(1), ids(2)
        self.faults("row-hidden:n=1")
        self.assertEqual(ids(1, 2), first[1:] + second[:1] + second)
        self.assertIn(b'"direction":"\\ud83d', self.faults("odd-string").ask("GET", f"{DETAILS}?id={first[0]}").raw)

    def test_its_clock(self):
        self.faults("no-date:path=/api/,n=1")
        dates = []
        for date in ("now", "now", "2026-02-01T01:02:03Z"):
            self.one.control(date=date)
            dates.append(self.one.ask("GET", "/api/v2/tokens/me").headers["Date"])
        self.assertEqual(dates, [None, "Sun, 04 Jan 2026 00:00:00 GMT", "Sun, 01 Feb 2026 01:02:03 GMT"])
