"""The budget of requests: never exceeded, cleanly ended, and gone on with the next night; a month's, which all runs share."""
import random
import time
import unittest

from harness import CHANGE_LOGS, FEW, FULL, LEDGER, Sequence, TestCase, all_rows, carry_out_all, clock_at, killed, same_rows, seeds_of

RATE = 6


def sent(server):
    """Requests as the budget counts them."""
    return sum(n for route, n in server.requests()["routes"].items() if "download" not in route)


class OfARun(TestCase):
    def site_of(self, budget, server, streams=FEW, **extract):
        return self.site(server.url, extract={"max_requests": budget, "streams": streams, **extract})

    def test_ends_cleanly_and_goes_on(self):
        server = self.standin(days=3, per_day=300, page_cap=20)
        site = self.site_of(20, server)
        for night in range(40):
            server.control(reset_requests=True)
            result = site.extract("--until", "2026-03-04T00:00:00Z")
            self.assertLessEqual(sent(server), 20)
            if result.returncode == 0:
                break
            self.ok(result, RATE)
            self.assertEqual(sent(server), 20)
            said = [line for line in result.stderr.splitlines() if "budget" in line]
            self.assertEqual(said, ["rollcall: the budget of this run is used up: 20 requests ([extract] max_requests). "
                                    "What was read is kept; the next run goes on from there"])
        self.assertGreater(night, 2)
        self.assertEqual(site.value("SELECT count(*) FROM conversation"), len(server.truth("2026-03-01")))
        self.assertEqual(site.value("SELECT sum(requests) FROM request_month"), site.value("SELECT sum(requests) FROM run"))

    def test_values_that_are_none(self):
        for key in ("max_requests", "max_requests_month"):
            for value in ("19", "0", "-20", "many"):
                result = self.ok(self.site("http://127.0.0.1:9", extract={key: value}).extract(), 3)
                self.assertRegex(result.stderr, rf"rollcall.ini:\d+: \[extract\] {key}.*whole number from 20 to")

    def nights(self, server, site, budget=20, most=40, code=RATE):
        """Runs until all is read; the requests of each night, by route."""
        routes = []
        for _ in range(most):
            server.control(reset_requests=True)
            result = site.extract("--until", "2026-03-04T00:00:00Z")
            routes.append(server.requests()["routes"])
            self.assertLessEqual(sent(server), budget)
            if result.returncode == 0:
                return routes
            self.ok(result, code)
        self.fail("nights enough")

    def test_what_begins_anew_comes_first(self):
        server = self.standin(days=1, per_day=900, agents=36, users_page_cap=3)
        site = self.site_of(20, server, "users, conversations")
        site.set(conversations={"method": "query"})
        site.env["ROLLCALL_LIMIT_RESUME_PAGE_MS"] = "0"
        routes = self.nights(server, site, most=6)
        users, query = ([night.get(route, 0) for night in routes]
                        for route in ("GET /api/v2/users", "POST /api/v2/analytics/conversations/details/query"))
        self.assertEqual(users[:2], [12, 0], routes)
        self.assertEqual(sum(users), 12)
        self.assertLess(query[0], 7)
        self.assertGreater(query[1], 8)  # it began again, before all else

    def test_a_job_and_ids_go_on_where_they_stopped(self):
        server = self.standin(days=4, per_day=120, agents=8, page_cap=8)
        streams = "conversations, evaluation_details"
        site = self.site_of(20, server, streams, in_flight=16)
        routes = self.nights(server, site)
        total = {}
        for night in routes:
            for route, n in night.items():
                total[route] = total.get(route, 0) + n
        self.assertGreater(len(routes), 3)
        one = self.site(server.url, extract={"streams": streams})
        server.control(reset_requests=True)
        self.ok(one.extract("--until", "2026-03-04T00:00:00Z"))
        for route, n in server.requests()["routes"].items():
            # A login, the grants and the availability date a night, and polls come more often.
            if not any(word in route for word in ("oauth", "availability", "/me")) and not route.endswith("jobs/{id}"):
                self.assertLessEqual(total[route], n, route)
        self.same(site, one)

    def same(self, site, other, leave_out=()):
        same_rows(self, *(all_rows(s, LEDGER | CHANGE_LOGS | set(leave_out)) for s in (other, site)))

    @unittest.skipUnless(clock_at("2026-03-04T06:00:00Z"), "the clock cannot be set here")
    def test_reports_go_on(self):
        """Under a new TIME each: what was submitted is polled and downloaded, never submitted again; no request is lost."""
        server = self.standin(days=3, per_day=20, agents=12, job_polls=12, now="2026-03-04T06:00:00Z")
        server.control(date="now")
        streams = "users, management_units, management_unit_users, adherence_historical, adherence_explanation, schedules"
        site, one = self.site_of(20, server, streams), self.site(server.url, extract={"streams": streams})
        bulk = "/api/v2/workforcemanagement/adherence/historical/bulk"
        routes, asked, code = [], [], RATE
        while code:
            now = f"2026-03-04T{6 + len(routes) // 6:02}:{len(routes) % 6}0:00Z"
            server.control(now=now, reset_requests=True)
            code = site.extract(env=clock_at(now)).returncode
            self.assertIn(code, (0, RATE))
            routes.append(server.requests()["routes"])
            self.assertLessEqual(sent(server), 20)
            asked.append(sent(server))
        server.control(reset_requests=True)
        self.ok(one.extract(env=clock_at(now)))
        once = server.requests()["routes"]
        self.assertGreater(sum("POST " + bulk not in night and f"GET {bulk}/jobs/{{id}}" in night for night in routes), 1, routes)
        for route in ("POST " + bulk, "GET /downloads/{id}/{id}"):
            self.assertEqual(sum(night.get(route, 0) for night in routes), once[route], route)
        self.assertEqual([r[0] for r in site.query("SELECT requests FROM run ORDER BY run_id")], [sum(night.values()) for night in routes])
        self.assertEqual(site.value("SELECT requests FROM request_month"), sum(asked))
        self.same(site, one)

    def test_lists_as_large_as_the_budget_starve_nobody(self):
        server = self.standin(days=12, per_day=3, agents=50, users_page_cap=3, now="2026-03-02T06:00:00Z")
        site = self.site_of(20, server, "users, queues, conversations", start="2026-03-01")
        site.set(conversations={"method": "query"})
        server.control(date="now")
        ends = []
        for day in range(2, 10):
            now = f"2026-03-{day:02}T06:00:00Z"
            server.control(now=now, reset_requests=True)
            result = site.extract(env={**clock_at(now), "ROLLCALL_LIMIT_RESUME_PAGE_MS": "0"})
            ends.append((result.returncode, server.requests()["routes"], result.stderr))
            self.assertIn(result.returncode, (0, RATE), result.stderr)
        whole = site.query("SELECT stream, max(complete_to) AS at FROM extract_window GROUP BY stream")
        self.assertTrue(all(r["at"] and r["at"] > "2026-03-08" for r in whole), ([tuple(r) for r in whole], ends))
        self.assertGreater(site.value("SELECT count(*) FROM extract_window WHERE stream = 'conversations' AND state <> 'open'"), 4)

    def test_a_list_larger_than_the_budget_is_said(self):
        server = self.standin(days=1, per_day=5, agents=90, users_page_cap=3)
        site = self.site_of(20, server)
        for _ in range(3):
            server.control(reset_requests=True)
            result = self.ok(site.extract("--until", "2026-03-02T00:00:00Z"), RATE)
            self.assertRegex(result.stderr, r"users \(list\): about \d+ requests in one go, and of the budget \d+ are left; raise it")
            self.assertLess(server.requests()["routes"]["GET /api/v2/users"], 8)
        self.assertEqual(site.value("SELECT count(*) FROM conversation"), len(server.truth("2026-03-01")))
        status = site.run("status")
        self.assertIn("requests in one go", " ".join(status.stdout.split()))
        self.assertRegex(" ".join(site.run("check").stdout.split()),
                         r"budget: 20 requests a run; a list is read in one run, and that is too little for users \(about 33\)")
        site.set(extract={"max_requests": 60})
        self.ok(site.extract("--until", "2026-03-02T00:00:00Z"))
        self.assertNotIn("one go", site.run("status").stdout)


class OfAMonth(TestCase):
    def used(self, site):
        return {r[0]: r[1] for r in site.query("SELECT month, requests FROM request_month")}

    @unittest.skipUnless(clock_at("2026-03-31T20:00:00Z"), "the clock cannot be set here")
    def test_goes_on_in_the_next_month(self):
        server = self.standin(days=4, per_day=200, page_cap=10, now="2026-03-05T00:00:00Z")
        server.control(date="now")
        site = self.site(server.url, extract={"max_requests_month": 60, "agents_licensed": 10})
        runs = []
        for now in ("2026-03-31T20:00:00Z", "2026-03-31T22:00:00Z", "2026-04-01T00:10:00Z"):
            server.control(now=now, reset_requests=True)
            runs.append((site.extract("--until", "2026-03-05T00:00:00Z", env=clock_at(now)), sent(server)))
        self.assertEqual([r[0].returncode for r in runs][:2], [RATE, RATE])
        self.assertEqual([r[1] for r in runs][:2], [60, 0])
        for run, _ in runs[:2]:
            self.assertIn("the budget of this month is used up: 60 requests by all runs of 2026-03 in UTC ([extract] "
                          "max_requests_month). What was read is kept; runs go on from 2026-04-01 on\n", run.stderr)
        self.assertGreater(runs[2][1], 0)
        self.assertEqual(self.used(site), {"2026-03": 60, "2026-04": runs[2][1]})
        status = site.run("status", env=clock_at("2026-04-01T00:20:00Z")).stdout
        self.assertRegex(status, rf"requests this month +{runs[2][1]} of 60 \(max_requests_month\); fair use of 10 users: 750000")

    def test_a_killed_run_counts(self):
        server = self.standin(days=3, per_day=200, page_cap=4, latency=None)
        for step in (30, 90, 150):
            server.control(reset_requests=True)
            site = self.site(server.url, extract={"streams": FEW})
            self.assertTrue(killed(site.extract("--until", "2026-03-04T00:00:00Z", env={"ROLLCALL_KILL_STEP": step})))
            (used,) = self.used(site).values()
            self.assertLessEqual(sent(server), used)
            self.assertLessEqual(used, sent(server) + 50)
            known = site.query("SELECT sum(requests) FROM request_count")[0][0] or 0
            self.assertLess(sent(server) - known, 51)

    def test_two_runs_at_the_same_time_share_it(self):
        server = self.standin(days=3, per_day=200, page_cap=4, faults=["latency:ms=2"])
        site = self.site(server.url, extract={"max_requests_month": 70})
        runs = [site.start_process("extract", "--stream", name) for name in ("users", "conversations", "queues")]
        ends = [(p.communicate()[1], p.returncode) for p in runs]
        self.assertIn(RATE, [code for _, code in ends], ends)
        self.assertLessEqual(sent(server), 70)
        self.ok(site.extract(), RATE)
        self.assertLessEqual(sent(server), 70)


class Nights(Sequence):
    """Nights of small budgets, made of a seed, until all is read; what is stored then equals one extraction."""

    streams = "all, quality, telephony, -adherence_realtime"
    nights = 80

    def __init__(self, seed):
        super().__init__()
        self.random = r = random.Random(seed)
        agents = r.choice((12, 30))
        self.world = {"days": r.randint(2, 4), "per_day": r.choice((10, 60, 200)), "page_cap": r.choice((15, 40, 1000)),
                      "users_page_cap": r.choice((3, 100)), "agents": agents, "seed": seed % 997 + 1}
        self.settings = {"in_flight": r.choice((1, 4, 16)), "streams": self.streams, "reread_hours": 0}
        self.method = r.choice(("auto", "job", "query"))
        # Jobs know as much as queries: else what is stored in the end goes by which of them was asked last, until the
        # next night.
        self.server = self.test.standin(now="2026-03-05T06:00:00Z", availability_lag=0, **self.world)
        self.server.control(date="now")
        self.log.append(f"{self.world} {self.settings} {self.method}")

    def site(self):
        site = self.test.site(self.server.url, extract=self.settings, conversations={"method": self.method})
        site.env["ROLLCALL_LIMIT_RESUME_PAGE_MS"] = "0"  # as if each run were another night
        return site

    def night(self, site, hour, budget):
        now = f"2026-03-05T{hour:02}:00:00Z"
        self.server.control(now=now, reset_requests=True)
        env = clock_at(now)
        if budget and self.random.random() < 0.2:
            env["ROLLCALL_KILL_STEP"] = self.random.randint(1, 120)
        site.set(extract={"max_requests": budget})
        result = site.extract(env=env)
        if killed(result):
            time.sleep(0.2)  # what it had on the wire is of that night
        self.log.append(f"hour {hour}, budget {budget}: {result.returncode}, {sent(self.server)} sent; {result.stderr[-300:]}")
        if budget:
            self.test.assertLessEqual(sent(self.server), budget)
        return result

    def carry_out(self):
        hours = sorted(self.random.choices(range(6, 12), k=self.random.randint(1, 8)))
        site = self.site()
        for number in range(self.nights):
            hour = hours[min(number, len(hours) - 1)]
            result = self.night(site, hour, self.random.randint(20, 60))
            if result.returncode == 0 and number >= len(hours) - 1:
                break
            self.test.assertTrue(killed(result) or result.returncode in (0, RATE, 13), "a night")
        self.test.assertEqual(result.returncode, 0, "nights enough")
        fresh = self.site()
        self.test.assertEqual(self.night(fresh, hours[-1], None).returncode, 0)
        same_rows(self.test, *(all_rows(s, LEDGER | CHANGE_LOGS) for s in (fresh, site)))


class AtRandom(unittest.TestCase):
    def test_sequences(self):
        seeds = seeds_of("ROLLCALL_NIGHTS", *range(1, 41 if FULL else 1))
        carry_out_all(self, "ROLLCALL_NIGHTS", Nights, [(seed,) for seed in seeds])
