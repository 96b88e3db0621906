"""user_status: presences and routing statuses, by jobs and by the query, compared with what the stand-in says is true.
What it tells of a moment is put right for some days: starts move, short statuses vanish.

ROLLCALL_STATUS_SEED chooses the steps at which runs are killed.
"""
import json
import os
import random
import unittest
from pathlib import Path

from harness import FULL, TestCase, canonical, fields, killed

ZONE = "Europe/Berlin"
START, SINCE = "2026-03-27", "2026-03-26T23:00:00.000Z"  # a change to summer time is among the days
NIGHTS = (("2026-03-28T04:00:00Z", "2026-03-27T22:00:00Z"), ("2026-03-29T04:00:00Z", "2026-03-28T21:00:00Z"),
          ("2026-03-31T04:00:00Z", "2026-03-30T20:00:00Z"))
LAST = "2026-04-02T04:00:00Z"
TABLES = {"user_presence": "primaryPresence", "user_routing_status": "routingStatus"}
SEED = int(os.environ.get("ROLLCALL_STATUS_SEED") or random.SystemRandom().randrange(10**6))
print(f"seed {SEED}")


class Statuses(TestCase):
    def begin(self, now, availability, agents=12, **options):
        server = self.standin(now=now, availability=availability, start="2026-03-26", days=3, per_day=1, agents=agents,
                              page_cap=5, job_polls=1, **options)
        return server, self.site(server.url, start=START, timezone=ZONE, extract={"streams": "user_status"})

    def truth(self, server, now):
        """Rows that touch the time since the first day, by table."""
        lines = server.get(f"/standin/truth/statuses?now={now}&start={SINCE}").decode().splitlines()
        users = [json.loads(line) for line in lines]
        return {t: [{"user_id": u["userId"], **fields(r)} for u in users for r in u.get(key, ())] for t, key in TABLES.items()}

    def stored(self, site):
        return {t: [{k: v for k, v in dict(r).items() if v is not None and not k.startswith("row_")}
                    for r in site.query(f"SELECT * FROM {t}")] for t in TABLES}

    def compare(self, site, truth):
        """What began before the first day is never deleted; all else is what is true."""
        for table, have in self.stored(site).items():
            since = canonical(r for r in have if r["start_time"] >= SINCE)
            self.assertEqual(since, canonical(r for r in truth[table] if r["start_time"] >= SINCE), table)
            before = {json.dumps(r, sort_keys=True) for r in truth[table] if r["start_time"] < SINCE}
            self.assertEqual(before - {json.dumps(r, sort_keys=True) for r in have}, set(), table)
            self.assertGreater(len(before), 0)

    def extract(self, server, site, now, availability, **options):
        server.control(now=now, availability=availability)
        return site.run("extract", "--until", now, **options)

    def test_what_is_put_right_is_put_right_here(self):
        server, site = self.begin(*NIGHTS[0])
        told = self.truth(server, NIGHTS[1][0])
        for night in NIGHTS:
            self.ok(self.extract(server, site, *night))
        first, last = Path(site.db).read_bytes(), self.truth(server, LAST)
        for table in TABLES:  # else this would show nothing
            vanished = [r for r in told[table] if r["start_time"] >= SINCE and
                        not any((r["user_id"], r["start_time"]) == (o["user_id"], o["start_time"]) for o in last[table])]
            self.assertGreater(len(vanished), 0, table)
        steps = site.steps("extract", "--until", LAST)  # as if nothing had been put right since
        Path(site.db).write_bytes(first)
        self.ok(self.extract(server, site, LAST, LAST))
        self.compare(site, last)
        for step in range(1, len(steps)) if FULL else sorted(random.Random(SEED).sample(range(1, len(steps)), 3)):
            Path(site.db).write_bytes(first)
            with self.subTest(step=step, seed=SEED):
                result = site.run("extract", "--until", LAST, env={"ROLLCALL_KILL_STEP": step})
                self.assertTrue(result.returncode == 0 or killed(result), result.stderr)
                self.ok(site.run("extract", "--until", LAST))
                self.compare(site, last)
                self.assertEqual(site.value("SELECT count(*) FROM reading_seen"), 0)
        self.assertEqual(site.value("SELECT (SELECT count(*) FROM unknown_field) + (SELECT count(*) FROM data_problem)"), 0)

    def test_the_query_alone_by_pages_that_are_short(self):
        """A total that is wrong, pages that hold fewer than asked for and repeat what came before: nothing is missed."""
        for bias in (-120, 120):
            with self.subTest(bias):
                server, site = self.begin("2026-03-28T04:00:00Z", "2026-03-26T12:00:00Z", agents=130, hits_bias=bias)
                self.ok(site.run("extract", "--until", "2026-03-28T04:00:00Z"))
                self.compare(site, self.truth(server, "2026-03-28T04:00:00Z"))
                self.assertGreater(server.requests()["routes"]["POST /api/v2/analytics/users/details/query"], 4)


if __name__ == "__main__":
    unittest.main()
