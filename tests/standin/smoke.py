#!/usr/bin/env python3
"""The stand-in holds what it promises: routes, faults, histories, truth.

Finds the program by STANDIN (else build/standin).
"""
import base64
import collections
import concurrent.futures
import contextlib
import functools
import gzip
import http.client
import json
import os
import subprocess
import time
import unittest
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STANDIN = os.path.abspath(os.environ.get("STANDIN", os.path.join(ROOT, "build", "standin")))
CLIENT = "00000000-0000-4000-8000-000000000001"
SECRET = "standin-secret"
DETAILS = "/api/v2/analytics/conversations/details"
DAY = "2026-01-%02dT00:00:00Z"
Answer = collections.namedtuple("Answer", "status headers raw")


class Server:
    """One stand-in for as long as a with block lasts."""

    def __init__(self, *args):
        self.process = subprocess.Popen([STANDIN, *args], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(line.rsplit(":", 1)[1]) if ":" in line else 0
        self.token = None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()

    def ask(self, method, path, body=None, headers=None, packed=False):
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if self.token:
            headers.setdefault("Authorization", "Bearer " + self.token)
        if packed:
            headers["Accept-Encoding"] = "gzip"
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def status(self, method, path, *args):
        return self.ask(method, path, *args).status

    def lines(self, path):
        """The documents of one of its own lists."""
        answer = self.ask("GET", path)
        assert answer.status == 200, answer
        return [json.loads(line) for line in answer.raw.splitlines()]

    def json(self, method, path, body=None, status=200):
        answer = self.ask(method, path, body)
        assert answer.status == status, (method, path[:200], answer.status, answer.raw[:300])
        return json.loads(answer.raw) if answer.raw else None

    def login(self, client=CLIENT, secret=SECRET, form="grant_type=client_credentials", **headers):
        pair = base64.b64encode(("%s:%s" % (client, secret)).encode()).decode()
        headers = {"Authorization": "Basic " + pair, "Content-Type": "application/x-www-form-urlencoded", **headers}
        answer = self.ask("POST", "/oauth/token", form, headers)
        if answer.status == 200:
            try:
                self.token = json.loads(answer.raw)["access_token"]
            except ValueError:
                pass
        return answer

    def control(self, **what):
        return self.json("POST", "/standin/control", what)

    def query(self, first, last=None, page=1, size=100, order="asc", status=200):
        body = {"interval": DAY % first + "/" + DAY % (last or first + 1), "order": order,
                "orderBy": "conversationStart", "paging": {"pageSize": size, "pageNumber": page}}
        return self.json("POST", DETAILS + "/query", body, status)

    def query_all(self, first, last=None):
        rows = []
        for page in range(1, 1001):
            part = self.query(first, last, page).get("conversations", [])
            rows += part
            if len(part) < 100:
                return rows

    def submit(self, first, last, **more):
        body = {"interval": DAY % first + "/" + DAY % last, "order": "asc", **more}
        return self.json("POST", DETAILS + "/jobs", body, 202)["jobId"]

    def results(self, job, size=1000):
        """All pages of a job."""
        pages, cursor = [], ""
        while True:
            path = "%s/jobs/%s/results?pageSize=%d%s" % (DETAILS, job, size, cursor)
            page = self.json("GET", path)
            pages.append(page)
            if "cursor" not in page:
                return pages
            cursor = "&cursor=" + urllib.parse.quote(page["cursor"], safe="")

    def job_rows(self, first, last, **more):
        return [row for page in self.results(self.submit(first, last, **more)) for row in page.get("conversations", [])]

    def truth(self, **how):
        return self.lines("/standin/truth?" + urllib.parse.urlencode(how))


def started(*args):
    server = Server("--per-day", "150", *args)
    server.login()
    return server


def segments_of(row):
    return [segment for participant in row["participants"] for session in participant["sessions"]
            for segment in session.get("segments", [])]


class Shared(unittest.TestCase):
    """Tests that share a server."""

    @classmethod
    def setUpClass(cls):
        cls.server = started()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def setUp(self):
        self.server.control(now=DAY % 4, availability=None, faults=[], reset_requests=True)
        self.server.login()

    def assert_statuses(self, server, *cases):
        """Cases: the status expected, then what is asked."""
        for expected, *asked in cases:
            with self.subTest(asked=str(asked)[:200]):
                self.assertEqual(server.status(*asked), expected)


class Login(Shared):
    def test_refusals(self):
        with Server() as server:
            for status, error, how in [
                    (400, "client not found", {"client": "nobody"}),
                    (401, "authentication failed", {"secret": "wrong"}),
                    (401, "authentication failed", {"secret": SECRET + " "}),
                    (400, "grant type is not supported", {"form": "grant_type=password"}),
                    (400, "grant_type is missing", {"form": ""}),
                    (400, "content type must be application/x-www-form-urlencoded",
                     {"Content-Type": "application/json"})]:
                answer = server.login(**how)
                self.assertEqual((answer.status, json.loads(answer.raw)["error_description"]), (status, error))

    def test_api_needs_a_token(self):
        with Server("--token-seconds", "1") as server:
            answer = server.ask("GET", "/api/v2/users")
            self.assertEqual((answer.status, json.loads(answer.raw)["code"]), (401, "bad.credentials"))
            self.assertTrue(answer.headers["ININ-Correlation-Id"] and answer.headers["Date"])
            self.assertEqual(json.loads(server.login().raw)["expires_in"], 1)
            self.assert_statuses(server, (200, "GET", "/api/v2/users"), (200, "HEAD", "/api/v2/tokens/me"),
                                 (404, "GET", "/api/v2/nothing"), (405, "GET", "/oauth/token"),
                                 (405, "POST", "/api/v2/users"))
            time.sleep(1.1)
            self.assert_statuses(server, (401, "GET", "/api/v2/users"))


class Conversations(Shared):
    def test_pages_tile_a_day(self):
        rows = self.server.query_all(1)
        hits = self.server.query(1)["totalHits"]
        self.assertEqual(len(rows), hits)
        self.assertEqual(len({row["conversationId"] for row in rows}), hits)
        order = [(row["conversationStart"], row["conversationId"]) for row in rows]
        self.assertEqual(order, sorted(order))
        self.assertTrue(all(row["conversationStart"].startswith("2026-01-01") for row in rows))
        back = self.server.query(1, page=1, order="desc")["conversations"]
        self.assertEqual([row["conversationId"] for row in back], [i for _, i in reversed(order)][:100])
        self.assertEqual(self.server.query(20), {"totalHits": 0})
        self.assertNotIn("conversations", self.server.query(1, page=999))

    def test_any_touched_day(self):
        body = {"interval": "2026-01-01T23:59:59Z/2026-01-02T00:00:01Z", "paging": {"pageSize": 1, "pageNumber": 1}}
        hits = self.server.json("POST", DETAILS + "/query", body)["totalHits"]
        self.assertEqual(hits, self.server.query(1, 3)["totalHits"])

    def test_refused_queries(self):
        good = {"interval": DAY % 1 + "/" + DAY % 2}
        for change in [{"interval": None}, {"interval": "yesterday"}, {"interval": DAY % 2 + "/" + DAY % 1},
                       {"interval": DAY % 1 + "/" + DAY % 9}, {"order": "up"},
                       {"paging": {"pageSize": 101, "pageNumber": 1}}, {"paging": {"pageSize": 0, "pageNumber": 1}},
                       {"paging": {"pageSize": "9", "pageNumber": 1}}]:
            answer = self.server.json("POST", DETAILS + "/query", {**good, **change}, 400)
            self.assertEqual(answer["status"], 400)
        answer = self.server.query(1, page=1001, status=400)
        self.assertEqual(answer["message"], "Pagination may not exceed 100000 results.")
        as_json, as_text = {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}
        query = ("POST", DETAILS + "/query")
        self.assert_statuses(self.server, (400, *query, "{", as_json), (415, *query, "{}", as_text),
                             (413, *query, " " * 600000, as_json))

    def test_state_is_of_the_availability_date(self):
        before = self.server.control(availability="2026-01-02T12:00:00Z")
        self.assertEqual(before["availability"], "2026-01-02T12:00:00.000Z")
        pages = self.server.results(self.server.submit(1, 4), 50)
        self.assertEqual({page["dataAvailabilityDate"] for page in pages}, {"2026-01-02T12:00:00.000Z"})
        rows = [row for page in pages for row in page["conversations"]]
        self.assertLess(max(row["conversationStart"] for row in rows), "2026-01-02T12:00")
        self.assertTrue(all(row.get("conversationEnd", "") <= "2026-01-02T12:00:00.000Z" for row in rows))
        self.assertTrue(any("conversationEnd" not in row for row in rows))

    def test_by_ids(self):
        rows = self.server.query(1)["conversations"]
        ids = [row["conversationId"] for row in rows]
        got = self.server.json("GET", DETAILS + "?" + "&".join("id=" + i for i in ids[:99] + [CLIENT]))
        self.assertEqual(got["conversations"], rows[:99])
        many = "&".join("id=" + i for i in ids + ids[:1])
        self.assert_statuses(self.server, (400, "GET", DETAILS + "?" + many))
        self.assertNotIn("conversations", self.server.json("GET", DETAILS + "?id=" + CLIENT))

    def test_jobs_have_a_life(self):
        job = self.server.submit(1, 2)
        path = DETAILS + "/jobs/" + job
        self.assertEqual(self.server.json("GET", path)["state"], "FULFILLED")
        self.assert_statuses(self.server, (400, "GET", path + "/results?cursor=bm9uZQ=="),
                             (400, "GET", path + "/results?pageSize=1001"), (204, "DELETE", path), (404, "DELETE", path),
                             (404, "GET", path + "/results"))
        self.assertEqual(self.server.json("GET", DETAILS + "/jobs/availability"),
                         {"dataAvailabilityDate": "2026-01-03T19:00:00.000Z"})

    def test_gzip_is_the_same(self):
        ask = functools.partial(self.server.ask, "POST", DETAILS + "/query", {"interval": DAY % 1 + "/" + DAY % 2})
        plain, packed = ask(), ask(packed=True)
        self.assertEqual(packed.headers["Content-Encoding"], "gzip")
        self.assertIsNone(plain.headers["Content-Encoding"])
        self.assertEqual(gzip.decompress(packed.raw), plain.raw)


class Histories(unittest.TestCase):
    """What was true stays true, except for what reprocessing is known to change."""

    def test_later_states(self):
        with started("--days", "3", "--per-day", "300") as server:
            seen, before, late, vanished, reopened, late_wrapups, ended_later = {}, None, 0, 0, 0, 0, 0
            for day in (4, 5, 6, 7, 8, 10, 13, 17, 23):
                now = "2026-01-%02dT00:00:00Z" % day
                server.control(now=now, availability=now)
                rows = {line["conversation"]["conversationId"]: line["conversation"]
                        for line in server.truth(method="query", start="2025-12-29")}
                late += sum(1 for i in rows if day > 4 and i not in seen)
                for identity, old in seen.items():
                    new = rows[identity]
                    if new == old:
                        continue
                    self.assertEqual(new["conversationStart"], old["conversationStart"])
                    keys = {json.dumps(s, sort_keys=True) for s in segments_of(new)}
                    gone = [s for s in segments_of(old) if "segmentEnd" in s and json.dumps(s, sort_keys=True) not in keys]
                    vanished += len(gone)
                    grown = len(segments_of(new)) > len(segments_of(old))
                    if "conversationEnd" in old:
                        reopened += new.get("conversationEnd", "9") > old["conversationEnd"]
                        late_wrapups += grown and new.get("conversationEnd") == old["conversationEnd"]
                        if new.get("conversationEnd") == old["conversationEnd"]:
                            late_by = days_between(old["conversationEnd"], before)
                            self.assertLessEqual(late_by, 3, "a change later than three days")
                    else:
                        ended_later += "conversationEnd" in new
                seen, before = rows, now
            still_open = sum(1 for row in seen.values() if "conversationEnd" not in row)
            figures = (late, vanished, reopened, late_wrapups, ended_later, still_open)
            self.assertTrue(all(n > 0 for n in figures), figures)

    def test_seed_decides(self):
        def first_page(*args):
            with started(*args) as server:
                return server.query(1)
        self.assertEqual(first_page(), first_page())
        self.assertNotEqual(first_page(), first_page("--seed", "2"))

    def test_shape(self):
        with started("--days", "1", "--per-day", "2000") as server:
            rows = [line["conversation"] for line in server.truth(method="query")]
            total, found = len(rows), collections.Counter()
            for participant in (p for row in rows for p in row["participants"]):
                found.update(participants=1, sessions=len(participant["sessions"]))
                for session in participant["sessions"]:
                    found.update({name: len(session.get(name, ())) for name in ("metrics", "segments")})
            per = {name: count / total for name, count in found.items()}
            size = len(server.ask("GET", "/standin/truth?method=query").raw) / total
            for name, goal in (("participants", 4), ("sessions", 4), ("metrics", 20), ("segments", 10)):
                self.assertAlmostEqual(per[name] / goal, 1, delta=0.15, msg=name)
            self.assertAlmostEqual(size / 7200, 1, delta=0.15)


def days_between(early, late):
    def days(text):
        return time.mktime(time.strptime(text[:10], "%Y-%m-%d")) / 86400
    return days(late) - days(early)


class Adherence(unittest.TestCase):
    def poll(self, server, ids):
        found = {}
        for i in range(0, len(ids), 100):
            path = "/api/v2/workforcemanagement/adherence?" + "&".join("userId=" + u for u in ids[i:i + 100])
            for entry in server.json("GET", path):
                found[entry["user"]["id"]] = entry
        return found

    def test_a_day_of_polls(self):
        with started("--realtime-intervals", "entities") as server:
            ids = [user["id"] for user in server.lines("/standin/truth/users")]
            states, absent, before = set(), 0, {}
            for minute in range(8 * 60, 16 * 60, 15):
                now = "2026-01-02T%02d:%02d:00.000Z" % divmod(minute, 60)
                server.control(now=now)
                found = self.poll(server, ids)
                for user, entry in found.items():
                    states.add(entry["adherenceState"])
                    change = entry.get("timeOfAdherenceChange")
                    self.assertTrue(change is None or change <= now)
                    old = before.get(user)
                    if old and change and old[0] == entry["adherenceState"] and old[1]:
                        self.assertGreaterEqual(change, old[1])
                    elif old and change:
                        self.assertGreater(change, old[2], "a new state began before it was seen to be absent")
                absent += sum(1 for user in before if user not in found)
                before = {user: (e["adherenceState"], e.get("timeOfAdherenceChange"), now) for user, e in found.items()}
            self.assertGreaterEqual(states, {"InAdherence", "OutOfAdherence", "Unscheduled"})
            self.assertGreater(absent, 0)
            self.same_by_other_ways(server, ids)

    def same_by_other_ways(self, server, ids):
        found = self.poll(server, ids)
        body = {"userFilter": {"type": "or", "predicates": [{"dimension": "userId", "value": u} for u in ids[:50]]}}
        status = {e["userId"]: e for e in server.json("POST", "/api/v2/analytics/agents/status/query", body)["entities"]}
        self.assertEqual(set(status), set(found) & set(ids[:50]))
        now = server.json("GET", "/standin/control")["now"]
        path = "/api/v2/analytics/agents/realtime/intervals?interval=2026-01-02T15:00:00Z/%s&pageSize=500&pageNumber=" % now
        records = []
        for page in range(1, 99):
            part = server.json("GET", path + str(page))["entities"]
            records += part
            if len(part) < 500:
                break
        still = {r["userId"]: r for r in records if "endTime" not in r}
        for user, one in status.items():
            entry = found[user]
            self.assertEqual(one["systemPresence"].replace("_", ""), entry["systemPresence"].upper())
            for mine, other in (("adherenceState",) * 2, ("adherenceImpact", "impact"), ("routingStatus",) * 2,
                                ("adherenceDate", "timeOfAdherenceChange"), ("actualActivityCategory",) * 2):
                self.assertEqual(one.get(mine), entry.get(other), mine)
            for name in ("adherenceState", "impact", "systemPresence", "routingStatus", "scheduledActivityCategory"):
                self.assertEqual(still[user][name], entry[name])
        self.assertTrue(any("endTime" in r for r in records))

    def test_refusals(self):
        path = "/api/v2/workforcemanagement/adherence"
        many = "&".join("userId=%d" % i for i in range(101))
        intervals = "/api/v2/analytics/agents/realtime/intervals?interval=" + DAY % 1 + "/" + DAY % 2
        with started() as server:
            for asked, status, code in [(path, 400, "no.user.ids.specified"), (path + "?" + many, 400, "max.user.ids"),
                                        (intervals, 404, "not found")]:
                self.assertEqual(server.json("GET", asked, None, status)["code"], code)
            server.control(deny=[path, "/api/v2/analytics/agents"])
            answer = server.json("GET", path + "?userId=x", None, 403)
            self.assertEqual(answer["code"], "missing.any.permissions")
            self.assertIn("[wfm:realtimeAdherence:view]", answer["message"])
            self.assertEqual(server.status("POST", "/api/v2/analytics/agents/status/query", {}), 403)


class Faults(Shared):
    def test_statuses(self):
        """What a GET is answered, time after time."""
        for fault, *expected in [
                ("429:every=3", 200, 200, 429, 200, 200, 429), ("5xx:status=502,every=2,times=1", 200, 502, 200, 200),
                ("burst:after=1,count=2,status=504", 200, 504, 504, 200, 200), ("5xx:path=/api/v2/users", 200, 200),
                ("token-death:after=2", 200, 200, 401)]:
            with self.subTest(fault=fault):
                self.server.control(faults=[fault])
                self.server.login()
                self.assertEqual([self.server.status("GET", "/api/v2/organizations/me") for _ in expected], expected)

    def test_rate_limit_forms(self):
        for form, expected in [("2", "2"), ("absent", None), ("negative", "-5"), ("huge", "9" * 20),
                               ("garbage", 'soon, "maybe"')]:
            self.server.control(faults=["429:retry_after=%s,times=1" % form])
            answer = self.server.ask("GET", "/api/v2/users")
            self.assertEqual((answer.status, answer.headers["Retry-After"]), (429, expected))
        for form, later in [("http-date", True), ("past-date", False)]:
            self.server.control(faults=["429:retry_after=" + form])
            headers = self.server.ask("GET", "/api/v2/users").headers
            moment, date = (time.strptime(headers[name], "%a, %d %b %Y %H:%M:%S GMT") for name in ("Retry-After", "Date"))
            self.assertEqual(moment > date, later)

    def test_unknown_and_wrong(self):
        clean = self.server.query(1)
        self.server.control(faults=["unknown-fields"])
        text = json.dumps(self.server.query(1))
        self.assertIn("notYetKnown", text)
        self.assertIn("futureObject", text)
        self.server.control(faults=["wrong-types"])
        rows = self.server.query(1)["conversations"]
        self.assertEqual([r["conversationId"] for r in rows], [r["conversationId"] for r in clean["conversations"]])
        self.assertNotEqual(rows, clean["conversations"])

    def test_bodies(self):
        def body(fault):
            self.server.control(faults=[fault])
            return self.server.ask("POST", DETAILS + "/query", {"interval": DAY % 1 + "/" + DAY % 2})
        self.assertIn(b"<html>", body("not-json").raw)
        with self.assertRaises(ValueError):
            json.loads(body("truncated-json").raw)

    def test_pages_of_jobs(self):
        whole = self.server.job_rows(1, 4)
        self.server.control(faults=["short-pages", "empty-page"])
        pages = self.server.results(self.server.submit(1, 4), 50)
        self.assertEqual([row for page in pages for row in page.get("conversations", [])], whole)
        self.assertNotIn("conversations", pages[1])
        self.assertTrue(all(len(page.get("conversations", [])) < 50 for page in pages))

    def test_jobs_that_fail(self):
        self.server.control(faults=["job-expire:after=2"])
        job = self.server.submit(1, 4)
        path = "%s/jobs/%s/results?pageSize=10" % (DETAILS, job)
        self.assert_statuses(self.server, *[(status, "GET", path) for status in (200, 200, 404, 404)])
        self.assert_statuses(self.server, (200, "GET", "%s/jobs/%s/results" % (DETAILS, self.server.submit(1, 2))))
        with started("--fault", "job-fail:n=2", "--fault", "job-state-expired:n=3", "--job-polls", "2") as server:
            seen = []
            for _ in range(3):
                job = server.submit(1, 2)
                seen.append([server.json("GET", DETAILS + "/jobs/" + job)["state"] for _ in range(3)])
            self.assertEqual(seen, [["QUEUED", "PENDING", last] for last in ("FULFILLED", "FAILED", "EXPIRED")])

    def test_trouble_of_one_kind_of_request(self):
        users = ("GET", "/api/v2/users")
        self.server.control(faults=["4xx:method=DELETE", "5xx:has=pageNumber=3", "4xx:status=404,has=state=any,n=2"])
        self.assert_statuses(self.server, (200, *users), (503, "GET", "/api/v2/users?pageNumber=3"),
                             (400, "DELETE", DETAILS + "/jobs/x"),
                             *[(status, "GET", "/api/v2/users?state=any") for status in (200, 404, 200)])
        job, other = self.server.submit(1, 2), self.server.submit(2, 3)
        self.server.control(faults=["5xx:path=*/results$,has=" + DAY % 2 + "/", "5xx:path=/api/v2/analytics$", "job-slow:has=" + DAY % 1])
        self.assert_statuses(self.server, *[(s, "GET", "%s/jobs/%s/results" % (DETAILS, j)) for s, j in ((200, job), (503, other))])
        self.assertEqual([self.server.json("GET", DETAILS + "/jobs/" + j)["state"] for j in (job, other)],
                         ["PENDING", "FULFILLED"])
        self.server.control(faults=["job-pending"])
        lost = self.server.submit(1, 2)
        self.server.control(faults=[])
        self.assertEqual([self.server.json("GET", DETAILS + "/jobs/" + j)["state"] for j in (job, lost)],
                         ["FULFILLED", "PENDING"])

    def test_odd_strings(self):
        of_one = "%s?id=%s" % (DETAILS, self.server.query(1)["conversations"][0]["conversationId"])
        self.server.control(faults=["odd-string"])
        self.assertIn(b'"direction":"\\ud83d', self.server.ask("GET", of_one).raw)

    def test_rows_that_hide(self):
        def ids(*pages):
            return [row["conversationId"] for n in pages for row in self.server.query(1, page=n)["conversations"]]
        first, second = ids(1), ids(2)
        self.server.control(faults=["row-hidden:n=1"])
        self.assertEqual(ids(1, 2), first[1:] + second[:1] + second)

    def test_its_clock(self):
        def date():
            return self.server.ask("GET", "/api/v2/tokens/me").headers["Date"]
        self.assertNotEqual(date(), "Sun, 04 Jan 2026 00:00:00 GMT")
        self.server.control(date="now")
        self.assertEqual(date(), "Sun, 04 Jan 2026 00:00:00 GMT")
        self.server.control(date="2026-02-01T01:02:03Z")
        self.assertEqual(date(), "Sun, 01 Feb 2026 01:02:03 GMT")
        self.server.control(date="now", faults=["no-date:path=/api/,n=1"])
        self.assertEqual((date(), date()), (None, "Sun, 04 Jan 2026 00:00:00 GMT"))

    def test_latency_is_parallel(self):
        self.server.control(faults=["latency:ms=300"])
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            self.assertEqual(list(pool.map(lambda _: self.server.status("GET", "/api/v2/tokens/me"), range(16))), [200] * 16)
        self.assertLess(time.monotonic() - begin, 1.2)
        self.assertGreater(self.server.json("GET", "/standin/requests")["max_concurrent"], 8)

    def test_what_makes_no_sense_is_refused(self):
        for spec in ("nonsense", "429:every=0", "429:every", "latency:times=x"):
            self.assert_statuses(self.server, (400, "POST", "/standin/control", {"faults": [spec]}))
            done = subprocess.run([STANDIN, "--fault", spec], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, spec)
        self.assert_statuses(self.server, (400, "POST", "/standin/control", {"nothing": 1}))

    def test_record(self):
        self.server.control(reset_requests=True)
        self.server.ask("GET", "/api/v2/users?pageSize=1")
        self.server.ask("GET", DETAILS + "/jobs/nothing/results?pageSize=9")
        record = self.server.json("GET", "/standin/requests")
        self.assertEqual(record["total"], 2)
        self.assertEqual(record["routes"], {"GET /api/v2/users": 1, "GET " + DETAILS + "/jobs/{id}/results": 1})
        self.assertEqual(record["requests"][0], ["GET", "/api/v2/users?pageSize=1", 200])


class Prerender(unittest.TestCase):
    def test_same_pages(self):
        with started() as plain, started("--prerender") as ready:
            body = {"interval": DAY % 1 + "/" + DAY % 2, "order": "asc", "paging": {"pageSize": 100, "pageNumber": 2}}
            answers = [s.ask("POST", DETAILS + "/query", body, packed=True) for s in (plain, ready)]
            self.assertEqual(*(gzip.decompress(a.raw) for a in answers))
            self.assertEqual(plain.truth(), ready.truth())
            self.assertEqual(plain.query_all(1), ready.query_all(1))


if __name__ == "__main__":
    unittest.main()
