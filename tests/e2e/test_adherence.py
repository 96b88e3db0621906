"""Real-time adherence as history: five-minute polls yield an agent's day as intervals, whatever the source."""
import fcntl
import json
import re
import unittest
from contextlib import closing

from harness import TestCase, clock_at

POLL = ("extract", "--stream", "adherence_realtime")


def times(hour, count, minutes=5):
    for i in range(count):
        at = hour * 60 + i * minutes
        yield f"2026-03-02T{at // 60:02d}:{at % 60:02d}:00Z"


@unittest.skipUnless(clock_at("2026-03-02T08:00:00Z"), "the clock cannot be set here")
class Polls(TestCase):
    def poll(self, server, site, now, code=0):
        server.control(now=now)
        return self.ok(site.run(*POLL, env=clock_at(now)), code)

    def day(self, source, **options):
        server = self.standin(agents=12, now="2026-03-02T08:00:00Z", **options)
        site = self.site(server.url, adherence={"realtime": source})
        for now in times(8, 36):
            self.poll(server, site, now)
        return server, site

    def check_history(self, site):
        rows = site.query("SELECT * FROM adherence_state ORDER BY user_id, state_start")
        self.assertGreater(len(rows), 24)
        last = {}
        for r in rows:
            self.assertLessEqual(r["first_observed"], r["last_observed"])
            if r["state_end"]:
                self.assertLessEqual(r["state_start"], r["state_end"])
            before = last.get(r["user_id"])
            if before is not None:
                self.assertIsNotNone(before["state_end"], "one open row an agent, the last")
                self.assertLessEqual(before["state_end"], r["state_start"], "states do not overlap")
            last[r["user_id"]] = r
        states = {r["adherence_state"] for r in rows}
        self.assertLessEqual({"InAdherence", "OutOfAdherence"}, states)
        self.assertFalse([r for r in rows if "_" in (r["system_presence"] or "")], "spelt as analytics spell it")
        return rows

    def test_agents_status_gives_the_same_states(self):
        _, one = self.day("workforcemanagement")
        _, two = self.day("agents_status")
        self.check_history(one)
        self.check_history(two)
        sql = ("SELECT user_id, adherence_state, impact, system_presence, routing_status FROM adherence_state "
               "WHERE ? BETWEEN substr(first_observed, 1, 16) AND substr(last_observed, 1, 16) ORDER BY user_id")
        for now in times(8, 36):
            self.assertEqual([tuple(r) for r in one.query(sql, now[:16])], [tuple(r) for r in two.query(sql, now[:16])], now)
            self.assertEqual(len(one.query(sql, now[:16])), 11, "all but the one that is not active")
        self.assertGreater(two.value("SELECT count(*) FROM adherence_state WHERE state_start = routing_status_time"), 12,
                           "it says when a routing status began")

    def test_realtime_intervals_shapes(self):
        for shape in ("array", "entities", "results"):
            _, site = self.day("realtime_intervals", realtime_intervals=shape)
            self.check_history(site)

    def test_what_nobody_saw_is_not_claimed(self):
        """Polls with hours between them; the source that tells of all intervals, asked once at the end, says what was."""
        server = self.standin(agents=12, now="2026-03-02T08:00:00Z", realtime_intervals="entities")
        site, truth = self.site(server.url), self.site(server.url, adherence={"realtime": "realtime_intervals"})
        for now in (*times(8, 13), *times(13, 13), *times(19, 7)):
            self.poll(server, site, now)
        self.poll(server, truth, now)
        with closing(site.connect()) as db:
            db.execute("ATTACH ? AS truth", (truth.db,))
            claims = db.execute(
                "SELECT count(*), total(t.adherence_state IS NOT s.adherence_state OR t.system_presence IS NOT s.system_presence) "
                "FROM adherence_state AS s JOIN truth.adherence_state AS t ON t.user_id = s.user_id "
                "AND t.state_start < s.last_observed AND ifnull(t.state_end, '~') > s.state_start").fetchone()
        self.assertGreater(claims[0], 200)
        self.assertEqual(claims[1], 0)
        rows = "SELECT count(*) FROM adherence_state WHERE "
        self.assertEqual(site.value(rows + "presence_update_time > state_start OR time_of_adherence_change > state_start"), 0)
        gaps = "SELECT DISTINCT substr(gap_start, 12, 5) || '-' || substr(gap_end, 12, 5) FROM observation_gap ORDER BY 1"
        self.assertEqual([r[0] for r in site.query(gaps)], ["09:00-13:00", "14:00-19:00"])
        moved = ("SELECT count(*) FROM (SELECT 1 FROM adherence_state GROUP BY user_id "
                 "HAVING count(DISTINCT management_unit_id) > 1 OR count(DISTINCT team_id) > 1)")
        self.assertGreater(site.value(moved), 3, "at noon")
        for line in json.loads(self.ok(site.run("query", "adherence_day", "--json")).stdout):
            self.assertEqual(line["known_since"][:16], "2026-03-02T08:00")
            # to noon and back 15 minutes each at most
            self.assertLessEqual(line["observed_seconds"], 3600 + 3600 + 1800 + 4 * 900)
            self.assertLessEqual(abs(line["observed_seconds"] + line["gap_seconds"] - 19.5 * 3600), 60)


class Sources(TestCase):
    NOW = "2026-03-02T10:00:00Z"

    def test_auto_takes_the_first_granted_and_remembers_and_reads_users_first(self):
        server = self.standin(agents=12, now=self.NOW, deny="/api/v2/workforcemanagement")
        site = self.site(server.url)
        self.ok(site.run(*POLL))
        self.assertEqual(site.value("SELECT plan FROM stream_source"), "agents_status")
        server.control(reset_requests=True)
        self.ok(site.run(*POLL))
        self.assertNotIn("GET /api/v2/workforcemanagement/adherence", server.requests()["routes"])
        self.assertGreater(site.value("SELECT count(*) FROM adherence_state"), 0)
        self.assertEqual(site.value('SELECT count(*) FROM "user"'), 12)
    def test_rows_that_do_not_say_whose_they_are(self):
        """Who may see states alone is shown them without their users."""
        def edit(path, answer):
            return answer if "/status/" not in path else re.sub(rb'"userId":"[^"]*",', b"", answer, count=1)

        site = self.site(self.rewriting(self.standin(agents=12, now=self.NOW).url, edit=edit), adherence={"realtime": "agents_status"})
        for command in POLL, ("check", "--stream", "adherence_realtime"):
            result = self.ok(site.run(*command), 5)
            self.assertIn("analytics:agentStateNames:view", result.stdout + result.stderr)
        self.assertEqual(site.value("SELECT count(*) FROM adherence_state"), 0)

    def test_only_the_private_path(self):
        server = self.standin(agents=12, now=self.NOW, realtime_intervals="entities")
        server.control(deny=["/api/v2/workforcemanagement", "/api/v2/analytics/agents/status"])
        site = self.site(server.url)
        self.ok(site.run(*POLL))
        self.assertEqual(site.value("SELECT plan FROM stream_source"), "realtime_intervals")

    def test_stored_users_serve_while_another_run_holds_their_lock(self):
        server = self.standin(agents=12, now=self.NOW)
        site = self.site(server.url)
        slot = 0  # of the stream users, 128 bytes
        with open(site.db + ".lock", "w+b") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 128, slot * 128)
            result = self.ok(site.run(*POLL), 10)
            self.assertIn("users", result.stderr)
        self.ok(site.run(*POLL))
        site.change("UPDATE window_pass SET read_at = '2026-01-01T00:00:00.000Z' WHERE pass = 'list'")
        with open(site.db + ".lock", "r+b") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 128, slot * 128)
            server.control(reset_requests=True)
            self.ok(site.run(*POLL))
            self.assertNotIn("GET /api/v2/users", server.requests()["routes"])
        self.ok(site.run(*POLL))
        self.assertIn("GET /api/v2/users", server.requests()["routes"])
