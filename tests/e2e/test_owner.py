"""Whose a file is, what bounds its times, and streams side by side."""
import re

import harness
from harness import TestCase

NOW = "2026-03-03T06:00:00Z"
LISTS = ("extract", "--stream", "users", "--stream", "queues", "--until", NOW)


class Owner(TestCase):
    def site_of(self, id="", rule=lambda *_: None, **genesys):
        """A site whose client belongs to another organization than the stand-in's, where one is named."""
        server = self.standin(now=NOW, days=2, per_day=10)
        given = b'"id":"' + id.encode() + b'"'
        edit = (lambda path, answer: re.sub(rb'"id":"[0-9a-f-]{36}"', given, answer)
                if id and path.endswith(("/tokens/me", "/organizations/me")) else answer)
        return server, self.site(self.rewriting(server.url, rule, edit), genesys=genesys)

    def test_another_organization_is_refused_before_any_row(self):
        first, site = self.site_of()
        self.ok(site.run(*LISTS))
        before = site.query("SELECT * FROM user")
        own = site.value("SELECT organization_id FROM organization")
        server, other = self.site_of("11111111-2222-4333-8444-555555555555")
        site.set(genesys={"login_url": other.settings["genesys"]["login_url"], "api_url": other.settings["genesys"]["api_url"]})
        result = self.ok(site.run(*LISTS), 3)
        self.assertIn(own, result.stderr)
        self.assertIn("11111111-2222-4333-8444-555555555555", result.stderr)
        self.assertEqual([tuple(r) for r in site.query("SELECT * FROM user")], [tuple(r) for r in before])
        self.assertNotIn("GET /api/v2/users", server.requests()["routes"])
        self.assertIn(own, " ".join(self.ok(site.run("check"), 3).stdout.split()))
        self.assertIn(own, self.ok(site.run("recent"), 3).stderr)
        site.set(genesys={"login_url": first.url, "api_url": first.url})
        self.ok(site.run(*LISTS))

    def test_first_pages_are_asked_for_beside_the_question_and_stored_behind_it(self):
        """Only what reads goes out that early: no job is submitted for another organization."""
        late = ("extract", "--stream", "users", "--stream", "conversations", "--until", NOW)
        first, site = self.site_of()
        first.control(faults=["latency:ms=300,path=/api/v2/tokens/me"])
        self.ok(site.run(*late))
        asked = [path for _, path, _ in first.requests()["requests"]]
        known = asked.index("/api/v2/tokens/me")
        self.assertTrue([path for path in asked[:known] if path.startswith("/api/v2/users?")], asked)
        self.assertNotIn("/api/v2/analytics/conversations/details/jobs", asked[:known])
        stored = {table: site.query(f'SELECT * FROM "{table}"') for table in harness.table_names(site) - harness.LEDGER}
        site.change("UPDATE window_pass SET read_at = '2026-01-01T00:00:00.000Z', covered_to = NULL")
        server, other = self.site_of("11111111-2222-4333-8444-555555555555")
        site.set(genesys={key: other.settings["genesys"][key] for key in ("login_url", "api_url")})
        self.ok(site.run(*late), 3)
        routes = server.requests()["routes"]
        self.assertIn("GET /api/v2/users", routes)
        self.assertNotIn("POST /api/v2/analytics/conversations/details/jobs", routes)
        for table, rows in stored.items():
            self.assertEqual([tuple(r) for r in site.query(f'SELECT * FROM "{table}"')], [tuple(r) for r in rows], table)
        self.assertEqual(site.value("SELECT count(*) FROM window_pass WHERE target_to IS NOT NULL"), 0)

    def test_it_is_asked_once_a_day(self):
        server, site = self.site_of()
        for asked in (True, False):
            server.control(reset_requests=True)
            self.ok(site.run(*LISTS))
            self.assertEqual("GET /api/v2/tokens/me" in server.requests()["routes"], asked)

    def test_the_configured_one_is_enforced(self):
        _, site = self.site_of(organization="Another one")
        self.assertIn("Another one", self.ok(site.run(*LISTS), 3).stderr)
        self.assertIn("Another one", self.ok(site.run("check"), 3).stdout)
        self.assertIn("Another one", self.ok(site.run("recent"), 3).stderr)

    def refused(self, status):
        return lambda method, path, body: (status, b'{"status":%d,"code":"x","message":"no"}' % status) if path.endswith(
            ("/tokens/me", "/organizations/me")) else None

    def test_where_it_is_not_said(self):
        for status, wanted, code in ((403, None, 0), (404, None, 0), (403, "Acme", 3), (500, None, 7)):
            with self.subTest(status=status, wanted=wanted):
                _, site = self.site_of(rule=self.refused(status), **({"organization": wanted} if wanted else {}))
                site.env["ROLLCALL_LIMIT_RETRY_TOTAL_MS"] = "50"
                result = self.ok(site.run(*LISTS), code)
                self.assertEqual("which organization" in result.stderr, code == 0)
                self.assertNotIn("which organization", site.run(*LISTS).stderr, "once a day")
                if status != 404:  # of both it means another host than the API's
                    self.ok(site.run("check", "--stream", "users"), code)
                if code == 0:
                    site.set(genesys={"organization": "Acme"})
                    self.ok(site.run(*LISTS), 3)


class Clock(TestCase):
    def test_a_clock_that_is_off_is_said(self):
        server = self.standin(now=NOW, days=2, per_day=10)
        site = self.site(server.url)
        self.ok(site.run(*LISTS))
        self.assertNotIn("the server's", site.run("status").stdout)
        server.control(date="now")
        self.assertIn("clock is off", self.ok(site.run(*LISTS)).stderr)
        self.assertRegex(site.run("status").stdout, r"clock +\d+ seconds ahead of the server's")

    def test_local_days_reach_past_now_whatever_the_time_asked_for(self):
        """Polls are of now, also where TIME lies in the past: their days have names."""
        server = self.standin(now=NOW, days=2, per_day=10)
        site = self.site(server.url)
        self.ok(site.run(*LISTS))
        self.assertEqual(site.value("SELECT count(*) FROM zone_offset WHERE utc_from <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now') "
                                    "AND utc_to > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"), 1)


class SideBySide(TestCase):
    def test_a_polled_job_leaves_the_requests_to_others(self):
        server = self.standin(now=NOW, days=2, per_day=10, agents=40, users_page_cap=1, faults=["job-slow:times=60"])
        site = self.site(server.url, extract={"in_flight": "2"})
        self.ok(site.run("extract", "--stream", "users", "--stream", "conversations", "--until", NOW))
        asked = [path for method, path, _ in server.requests()["requests"] if method == "GET"]
        last_user = max(i for i, path in enumerate(asked) if "/users" in path)
        results = min(i for i, path in enumerate(asked) if "/results" in path)
        self.assertLess(last_user, results, "the list was read while the jobs were polled")

    def test_agents_are_asked_for_by_a_list_of_the_last_hour(self):
        server = self.standin(now="real", days=2, per_day=10, agents=4)
        site = self.site(server.url)
        for minutes, asked in ((0, True), (50, False), (61, True)):
            site.change("UPDATE window_pass SET read_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', "
                        f"'-{minutes} minutes') WHERE pass = 'list'") if minutes else None
            server.control(reset_requests=True)
            self.ok(site.run("extract", "--stream", "adherence_realtime"))
            self.assertEqual("GET /api/v2/users" in server.requests()["routes"], asked, minutes)
