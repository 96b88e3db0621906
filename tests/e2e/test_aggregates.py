"""conversation_aggregate, user_aggregate: days of zones, metrics by settings, users in batches, groups that vanish, answers that
are empty or too large. That the rows are those of the answers is held by tests/sdk, that these are what the conversations' records
add up to by test_figures.
"""
import json
from pathlib import Path

from harness import TestCase, midnight, utc

ZONE = "Europe/Berlin"
START = "2026-03-28"  # the next day has 23 hours
NOW = "2026-03-31T06:00:00Z"
QUERY = "/api/v2/analytics/{}/aggregates/query"


class Conversations(TestCase):
    def begin(self, **options):
        server = self.standin(now=NOW, availability=NOW, start="2026-03-27", days=4, per_day=60, agents=10, queues=3,
                              **options)
        return server, self.site(server.url, start=START, timezone=ZONE, extract={"streams": "conversation_aggregate"})

    def rows(self, site):
        return {tuple(v for k, v in dict(r).items() if k != "row_changed_run_id") for r in site.query("SELECT * FROM conversation_aggregate")}

    def test_groups_that_vanish_go_and_the_rest_is_not_written(self):
        server, site = self.begin()
        site.set(genesys={"api_url": self.rewriting(server.url, edit=lambda path, answer: json.dumps(
            {"results": json.loads(answer)["results"][1:]}).encode() if path == QUERY.format("conversations") and less else answer)})
        less = False
        self.ok(site.run("extract", "--until", NOW))
        every = self.rows(site)
        self.assertEqual(site.value("SELECT count(*) FROM unknown_field"), 0)
        self.ok(site.run("extract", "--until", NOW))
        self.assertEqual(site.value("SELECT rows_new + rows_changed FROM run ORDER BY run_id DESC LIMIT 1"), 0)
        less = True
        site.change("UPDATE window_pass SET read_at = '2026-03-01T00:00:00.000Z'")
        self.ok(site.run("extract", "--until", NOW))
        self.assertLess(self.rows(site), every)

    def test_an_empty_answer_is_empty(self):
        for empty in ({}, {"results": []}, {"results": None}):
            with self.subTest(empty):
                server, site = self.begin()
                site.set(genesys={"api_url": self.rewriting(server.url, lambda _, path, __: (200, json.dumps(empty).encode())
                                                            if path == QUERY.format("conversations") else None)})
                self.ok(site.run("extract", "--until", NOW))
                self.assertEqual(site.value("SELECT count(*) FROM extract_window WHERE state = 'provisional'"), 3)
                self.assertEqual(self.rows(site), set())

    def test_a_day_too_large_comes_in_parts(self):
        """Of all metrics a large organization's day is more than a page may hold: some are asked for at a time, of what is
        still too much half, also where only its rows are."""
        server, site = self.begin()
        self.ok(site.run("extract", "--until", NOW))
        rows = "SELECT count(*), count(DISTINCT metric), total(count) + total(sum) + total(numerator) FROM conversation_aggregate"
        for limit, most in (("PARSED_BYTES", 200000), ("INFLATED_BYTES", 30000)):
            small = self.site(server.url, start=START, timezone=ZONE, extract={"streams": "conversation_aggregate"})
            said = self.ok(small.run("-v", "extract", "--until", NOW, env={"ROLLCALL_LIMIT_" + limit: most})).stderr
            self.assertRegex(said, f"asking for half as much.*{limit}")
            self.assertEqual(tuple(small.query(rows)[0]), tuple(site.query(rows)[0]))

    def test_days_are_of_the_zone(self):
        _, site = self.begin()
        for zone, day in (("America/New_York", "2026-03-28"), ("Asia/Kathmandu", "2026-03-29")):
            with self.subTest(zone):
                Path(site.db).unlink(missing_ok=True)
                site.set(extract={"timezone": zone, "start": day})
                self.ok(site.run("extract", "--until", NOW))
                starts = {(utc(r[0]) - midnight(day, zone)).total_seconds()
                          for r in site.query("SELECT interval_start FROM conversation_aggregate")}
                self.assertGreaterEqual(min(starts), 0)
                self.assertEqual({s % 1800 for s in starts}, {0})

    def test_metrics_are_a_setting(self):
        server, site = self.begin()
        site.set(aggregates={"conversation_metrics": "nOffered, tHandle\n    oServiceLevel"})
        self.ok(site.run("extract", "--until", NOW))
        read = {r[0] for r in site.query("SELECT DISTINCT metric FROM conversation_aggregate")}
        self.assertEqual(read, {"nOffered", "tHandle", "oServiceLevel"})
        site.set(aggregates={"conversation_metrics": "nOfferred"})
        site.change("UPDATE window_pass SET read_at = '2026-03-01T00:00:00.000Z'")
        self.assertIn("nOfferred", self.ok(site.run("extract", "--until", NOW), 8).stderr)
        site.set(aggregates={"conversation_metrics": 'nOffered"'})
        self.assertIn("conversation_metrics", self.ok(site.run("extract", "--until", NOW), 3).stderr)


class Users(TestCase):
    def begin(self, agents=120):
        server = self.standin(now=NOW, availability=NOW, start="2026-03-27", days=4, per_day=1, agents=agents, users_page_cap=100)
        site = self.site(server.url, start="2026-03-30", timezone=ZONE, extract={"streams": "users, user_aggregate"})
        site.set(aggregates={"user_metrics": "tAgentRoutingStatus, tSystemPresence"})
        return server, site

    def stored(self, site):
        return {tuple(r)[:4]: r["sum"] for r in
                site.query("SELECT interval_start, user_id, metric, qualifier, sum FROM user_aggregate")}

    def test_users_in_batches_and_those_who_are_deleted(self):
        server, site = self.begin()
        self.ok(site.run("extract", "--until", NOW))
        users = {r[0] for r in site.query("SELECT user_id FROM user")}  # deleted ones too: they were there once
        self.assertGreater(len(users), 100)
        self.assertGreater(site.value("SELECT count(*) FROM user WHERE state = 'deleted'"), 0)
        wanted = self.stored(site)
        self.assertEqual({key[1] for key in wanted}, users)
        self.assertEqual(server.requests()["routes"]["POST " + QUERY.format("users")], 4)  # two batches of two days
        # Deleted since: the time that is known stays asked for, and what comes before that is seen.
        gone, late = sorted(users)[:2]
        site.change(f"UPDATE user SET state = 'deleted' WHERE user_id IN ('{gone}', '{late}');"
                    f"DELETE FROM user_aggregate WHERE user_id = '{late}' AND interval_start < '2026-03-30T22';"
                    f"INSERT INTO dimension_change VALUES ('user', '{late}', 'state', 'active', 'deleted', '{NOW}', 1)")
        site.change("UPDATE window_pass SET read_at = '2026-03-30T00:00:00.000Z' WHERE pass = 'query'")
        self.ok(site.run("extract", "--until", NOW))
        self.assertEqual(self.stored(site), wanted)

    def test_a_user_who_is_refused_or_too_large_costs_no_other(self):
        server, site = self.begin(agents=9)
        self.ok(site.run("extract", "--until", NOW))
        wanted = self.stored(site)
        bad = min(key[1] for key in wanted)
        server.control(faults=[f"4xx:status=400,path={QUERY.format('users')},has={bad}"])
        left = {key: time for key, time in wanted.items() if key[1] != bad}
        for emptied, left in (("", wanted), ("DELETE FROM user_aggregate; ", left)):
            site.change(emptied + "UPDATE window_pass SET read_at = '2026-03-30T12:00:00.000Z', "
                        "covered_to = NULL WHERE pass = 'query'; "
                        "UPDATE extract_window SET state = 'open' WHERE stream = 'user_aggregate'")
            self.ok(site.run("extract", "--until", NOW))
            self.assertEqual(self.stored(site), left)
        self.assertEqual([tuple(r) for r in site.query("SELECT kind, example FROM data_problem")], [("refused by the server", bad)])
        server.control(faults=[])
        Path(site.db).unlink()
        self.ok(site.run("extract", "--until", NOW, env={"ROLLCALL_LIMIT_INFLATED_BYTES": 12000}))
        self.assertEqual(site.value("SELECT DISTINCT kind FROM data_problem"), "an answer that is too large")
