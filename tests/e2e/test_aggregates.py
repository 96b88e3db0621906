"""conversation_aggregate, user_aggregate: compared with what the conversations' records and the users' statuses add up to
by the vendor's rules (the stand-in counts by its scripts). Metrics by settings, users in batches, groups that vanish.
"""
import collections
import datetime
import json
import unittest
import zoneinfo
from pathlib import Path

from harness import TestCase, instant

ZONE = "Europe/Berlin"
START = "2026-03-28"  # the next day has 23 hours
NOW = "2026-03-31T06:00:00Z"
SINCE = "2026-03-27T23:00:00.000Z"
HALF_HOUR = 1800_000
QUERY = "/api/v2/analytics/{}/aggregates/query"


def ms(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def half_hour(at):
    return instant(datetime.datetime.fromtimestamp(at // HALF_HOUR * 1800, datetime.timezone.utc).isoformat())


def queue_of(purpose, session, metric):
    """Of the session's last segment with a queue that began before; if none had begun, of the first."""
    if purpose in ("customer", "external"):
        return ""
    named = [s for s in session.get("segments", ()) if "queueId" in s]
    begun = [s for s in named if s["segmentStart"] < metric["emitDate"] or
             (metric["name"] == "nOffered" and s["segmentStart"] == metric["emitDate"])]
    return (max(begun, key=lambda s: s["segmentStart"]) if begun else named[0] if named else {"queueId": ""})["queueId"]


def samples(documents):
    for p in (p for d in documents for p in d["conversation"].get("participants", ())):
        for s in p.get("sessions", ()):
            for m in s.get("metrics", ()):
                group = queue_of(p["purpose"], s, m), s["mediaType"], s["direction"]
                yield half_hour(ms(m["emitDate"])), group, m["name"], m["value"]


def counted(documents):
    """(interval, queue, medium, direction, metric): values."""
    out = collections.defaultdict(list)
    for start, group, name, value in samples(documents):
        out[(start, *group, name)].append(value)
        if name in ("tAnswered", "tAbandon", "tFlowOut"):
            out[(start, *group, "tWait")].append(value)
    return out


class Conversations(TestCase):
    def begin(self, **options):
        server = self.standin(now=NOW, availability=NOW, start="2026-03-27", days=4, per_day=60, agents=10, queues=3,
                              seed=4, **options)
        return server, self.site(server.url, start=START, timezone=ZONE, extract={"streams": "conversation_aggregate"})

    def test_equals_what_the_records_add_up_to(self):
        """By a seed in which no session has lost the one segment that names its queue."""
        server, site = self.begin()
        self.ok(site.run("extract", "--until", NOW))
        wanted = counted(server.truth("2026-03-24T00:00:00Z"))
        rows = site.query("SELECT * FROM conversation_aggregate")
        keys = ("interval_start", "queue_id", "media_type", "direction", "metric")
        have = {tuple(r[k] for k in keys): r for r in rows}
        read = {r["metric"] for r in rows}
        self.assertEqual(len(have), len(rows))
        want = {k for k in wanted if k[4] in read and SINCE <= k[0] < instant(NOW)}
        self.assertEqual(want, {k for k in have if k[4] not in ("oServiceLevel", "oServiceTarget")})
        self.assertLessEqual({"nOffered", "tAnswered", "tAbandon", "tHandle", "tWait", "nTransferred"}, read)
        for key in want:
            values, row = wanted[key], have[key]
            figures = (sum(values), None, None, None) if key[4][0] == "n" else (
                len(values), sum(values), min(values), max(values))
            self.assertEqual((row["count"], row["sum"], row["min"], row["max"]), figures, key)
        for key, row in have.items():
            if key[4] == "oServiceLevel":
                answered, late, left = (wanted.get((*key[:4], name), ()) for name in ("tAnswered", "nOverSla", "tAbandon"))
                self.assertEqual((row["numerator"], row["denominator"]),
                                 (len(answered) - sum(late), len(answered) + len(left)), key)
        self.assertEqual(site.value("SELECT count(*) FROM unknown_field"), 0)
        self.ok(site.run("extract", "--until", NOW))
        self.assertEqual(site.value("SELECT rows_new + rows_changed FROM run ORDER BY run_id DESC LIMIT 1"), 0)

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
                begins = datetime.datetime.fromisoformat(day).replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp()
                starts = {ms(r[0]) / 1000 - begins for r in site.query("SELECT interval_start FROM conversation_aggregate")}
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

    def expected(self, server, users):
        lines = server.get(f"/standin/truth/statuses?now={NOW}&start=2026-03-29T22:00:00Z").decode().splitlines()
        out = collections.Counter()
        for u in map(json.loads, lines):
            for metric, key, name in (("tSystemPresence", "primaryPresence", "systemPresence"),
                                      ("tAgentRoutingStatus", "routingStatus", "routingStatus")):
                for r in u[key] if u["userId"] in users else ():
                    at = max(ms(r["startTime"]), ms("2026-03-29T22:00:00Z"))
                    end = ms(r.get("endTime", NOW))
                    while at < end:
                        until = min(end, at // HALF_HOUR * HALF_HOUR + HALF_HOUR)
                        out[half_hour(at), u["userId"], metric, r[name]] += until - at
                        at = until
        return out

    def stored(self, site):
        return {tuple(r)[:4]: r["sum"] for r in
                site.query("SELECT interval_start, user_id, metric, qualifier, sum FROM user_aggregate")}

    def test_equals_the_time_of_the_statuses(self):
        server, site = self.begin()
        self.ok(site.run("extract", "--until", NOW))
        users = {r[0] for r in site.query("SELECT user_id FROM user")}  # deleted ones too: they were there once
        self.assertGreater(len(users), 100)
        self.assertGreater(site.value("SELECT count(*) FROM user WHERE state = 'deleted'"), 0)
        self.assertEqual(self.stored(site), self.expected(server, users))
        self.assertEqual(server.requests()["routes"]["POST " + QUERY.format("users")], 4)  # two batches of two days
        # Deleted since: the time that is known stays asked for, and what comes before that is seen.
        gone, late = sorted(users)[:2]
        site.change(f"UPDATE user SET state = 'deleted' WHERE user_id IN ('{gone}', '{late}');"
                    f"DELETE FROM user_aggregate WHERE user_id = '{late}' AND interval_start < '2026-03-30T22';"
                    f"INSERT INTO dimension_change VALUES ('user', '{late}', 'state', 'active', 'deleted', '{NOW}', 1)")
        site.change("UPDATE window_pass SET read_at = '2026-03-30T00:00:00.000Z' WHERE pass = 'query'")
        self.ok(site.run("extract", "--until", NOW))
        self.assertEqual(self.stored(site), self.expected(server, users))

    def test_a_user_who_is_refused_or_too_large_costs_no_other(self):
        server, site = self.begin(agents=9)
        self.ok(site.run("extract", "--until", NOW))
        users = {r[0] for r in site.query("SELECT user_id FROM user WHERE state <> 'deleted'")}
        bad = min(users)
        server.control(faults=[f"4xx:status=400,path={QUERY.format('users')},has={bad}"])
        for emptied, left in (("", users), ("DELETE FROM user_aggregate; ", users - {bad})):
            site.change(emptied + "UPDATE window_pass SET read_at = '2026-03-30T12:00:00.000Z', "
                        "covered_to = NULL WHERE pass = 'query'; "
                        "UPDATE extract_window SET state = 'open' WHERE stream = 'user_aggregate'")
            self.ok(site.run("extract", "--until", NOW))
            self.assertEqual(self.stored(site), self.expected(server, left))
        self.assertEqual([tuple(r) for r in site.query("SELECT kind, example FROM data_problem")], [("refused by the server", bad)])
        server.control(faults=[])
        Path(site.db).unlink()
        self.ok(site.run("extract", "--until", NOW, env={"ROLLCALL_LIMIT_INFLATED_BYTES": 12000}))
        self.assertEqual(site.value("SELECT DISTINCT kind FROM data_problem"), "an answer that is too large")


if __name__ == "__main__":
    unittest.main()
