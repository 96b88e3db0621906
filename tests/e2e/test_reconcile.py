"""The proof: our figures beside the API's own, which the stand-in counts by its scripts, never by segments; and what moved.

What is ours is added up a second time here, from the documents that the stand-in calls the truth.
"""
import collections
import datetime
import json
import os
import random
import unittest
import zoneinfo

from harness import FULL, TestCase, clock_at, killed, later, make_figures
from test_figures import Records, ms

BOTH = "users, queues, conversations, conversation_aggregate, user_status, user_aggregate"
COUNTED = {"nOffered": "n", "tAnswered": "ct", "tAbandon": "ct", "tShortAbandon": "c", "tFlowOut": "c", "nOverSla": "n",
           "tHandle": "ct", "nTransferred": "n", "tTalkComplete": "t", "tHeldComplete": "t", "tAcw": "t"}
UNEQUAL = "verdict IN ('ours_short', 'ours_over')"
SPRING = "2026-03-26"  # in Berlin the fourth day has 23 hours
AUTUMN = "2025-10-23"  # and the fourth day 25
ZONES = (("Europe/Berlin", SPRING), ("America/New_York", "2025-10-30"), ("Asia/Seoul", SPRING), ("Europe/Berlin", AUTUMN))


def moment(start, hour):
    return later(start + "T00:00:00Z", hours=hour)


def figures(documents, zone):
    """{(day, queue, medium, metric, statistic): value}, of queues."""
    out, records = collections.Counter(), Records([{"conversation": d} for d in documents], zone)
    for at, queue, media, name, value in records.metrics():
        key = str(records.local(at).date()), queue, media
        for kind in COUNTED.get(name, ""):
            out[(*key, name, "sum" if kind == "t" else "count")] += 1 if kind == "c" else value
        level = {"tAnswered": (1, 1), "tAbandon": (0, 1), "nOverSla": (-value, 0)}.get(name, (0, 0))
        out[(*key, "oServiceLevel", "numerator")] += level[0]
        out[(*key, "oServiceLevel", "denominator")] += level[1]
    return {key: value for key, value in out.items() if value}


def of_several(documents):
    """The documents with those sessions alone that name several queues."""
    for d in documents:
        yield {"participants": [{"purpose": p["purpose"], "sessions": [
            s for s in p.get("sessions", ()) if len({g["queueId"] for g in s.get("segments", ()) if "queueId" in g}) > 1]}
            for p in d.get("participants", ())]}


def found(site, where="scope = 'queue' AND difference IS NOT NULL", value="ours"):
    return {tuple(r)[:5]: r[5] for r in site.query(
        f"SELECT day, queue_id, media_type, metric, statistic, {value} FROM reconciliation WHERE {where}")}


def unequal(site):
    return [tuple(r) for r in site.query(f"SELECT * FROM reconciliation WHERE {UNEQUAL}")]


def proven(site, stream="conversations"):
    return dict(tuple(r) for r in site.query(f"SELECT day, proven FROM freshness WHERE stream = '{stream}' AND whole"))


# Takes a conversation out of the file, as if it had never come.
def withhold(site, key):
    tables = [r[0] for r in site.query("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%conversation_key INTEGER NOT NULL%' "
                                       "AND name NOT IN ('conversation_change', 'interval_figure', 'queue_visit', 'agent_leg', 'fact_owed')")]
    site.change("".join(f"DELETE FROM {t} WHERE conversation_key = {key};" for t in tables) +
                f"DELETE FROM conversation WHERE conversation_key = {key};")
    make_figures(site.db, f"VALUES ({key})")


class Case(TestCase):
    def begin(self, start=SPRING, zone="Europe/Berlin", days=4, hour=None, streams=BOTH, lag=0, first=1, **options):
        hour = 24 * days + 30 if hour is None else hour
        server = self.standin(start=start, days=days, now=moment(start, hour), availability_lag=lag,
                              **{"per_day": 25, "agents": 6, "queues": 3, "seed": 4, **options})
        site = self.site(server.url, start=moment(start, 24 * first)[:10], timezone=zone, extract={"streams": streams})
        return server, site

    def night(self, site, server, start, hour, code=0):
        server.control(now=moment(start, hour), date="now", reset_requests=True)
        return self.ok(site.extract(*([] if clock_at(moment(start, 0)) else ["--until", moment(start, hour)]),
                                    env=clock_at(moment(start, hour))), code)


class Compared(Case):
    """One file, looked at from several sides."""

    @classmethod
    def setUpClass(cls):
        case = cls.case = Case()
        cls.addClassCleanup(case.doCleanups)
        cls.server, cls.site = case.begin(streams=BOTH + ", adherence_historical, management_units, management_unit_users, business_units",
                                          days=12, hour=24 * 12 + 30)
        case.ok(cls.site.extract("--until", moment(SPRING, 24 * 12 + 30)))

    def test_both_sides_are_what_they_should_be(self):
        site = self.site
        self.assertEqual(unequal(site), [])
        documents = [d["conversation"] for d in self.server.truth(moment(SPRING, 24))]
        wanted = figures(documents, "Europe/Berlin")
        days = {d for d, whole in site.query("SELECT day, whole FROM freshness WHERE stream = 'conversations'") if whole}
        wanted = {k: v for k, v in wanted.items() if k[0] in days}
        self.assertGreater(len(wanted), 300)
        self.assertEqual({k[3] for k in wanted}, {*COUNTED, "oServiceLevel"})
        self.assertEqual(found(site), wanted)
        self.assertEqual(found(site, value="theirs"), wanted)
        self.assertEqual({d for d, p in proven(site).items() if p == 1}, {k[0] for k in wanted})
        several = site.query("SELECT DISTINCT day, queue_id, media_type FROM reconciliation WHERE reason LIKE 'sessions of several%'")
        self.assertEqual({tuple(r) for r in several}, {k[:3] for k in figures(of_several(documents), "Europe/Berlin") if k[0] in days})
        self.assertGreater(len(several), 3)
        self.assertEqual(set(proven(site, "user_aggregate").values()), {1})
        self.assertEqual(set(proven(site, "adherence_historical").values()), {None})
        self.assertEqual(site.value("SELECT min(proven) FROM v_day WHERE whole"), 1)
        self.assertEqual({r[0] for r in site.query("SELECT metric FROM reconciliation WHERE verdict = 'not_comparable' AND scope = 'queue'")},
                         {"nConnected", "tTalk", "tHeld", "tIvr"} & {r[0] for r in site.query("SELECT metric FROM conversation_aggregate")})

    def test_agents(self):
        lines = self.server.get(f"/standin/truth/statuses?now={moment(SPRING, 24 * 12 + 30)}&start={moment(SPRING, 24)}").decode()
        day = zoneinfo.ZoneInfo("Europe/Berlin")
        begin, end = (round(datetime.datetime(2026, 3, d, tzinfo=day).timestamp() * 1000) for d in (29, 30))
        self.assertEqual(end - begin, 23 * 3600_000)
        wanted = collections.Counter()
        for u in map(json.loads, lines.splitlines()):
            for metric, key, name in (("tSystemPresence", "primaryPresence", "systemPresence"),
                                      ("tAgentRoutingStatus", "routingStatus", "routingStatus")):
                for r in u[key]:
                    since, until = max(ms(r["startTime"]), begin), min(ms(r["endTime"]) if r.get("endTime") else end, end)
                    wanted[u["userId"], metric, r[name]] += max(0, until - since)
        rows = self.site.query("SELECT user_id, metric, qualifier, ours, theirs, statistic FROM reconciliation "
                               "WHERE scope = 'agent' AND day = '2026-03-29'")
        self.assertEqual({r["statistic"] for r in rows}, {"sum"})
        self.assertEqual({tuple(r)[:3]: r["ours"] for r in rows}, {tuple(r)[:3]: r["theirs"] for r in rows})
        known = {r[0] for r in rows}
        self.assertEqual({tuple(r)[:3]: r["ours"] for r in rows}, {k: v for k, v in wanted.items() if v and k[0] in known})
        idle = {u for u, *_ in wanted} - known
        self.assertEqual({q for (u, _, q), v in wanted.items() if v and u in idle} - {"OFFLINE", "OFF_QUEUE"}, set())

    def test_hints(self):
        site = self.site
        rows = site.query("SELECT verdict, ours, theirs FROM reconciliation WHERE scope = 'adherence'")
        self.assertGreater(len(rows), 10)
        self.assertEqual({r["verdict"] for r in rows if r["theirs"] is not None}, {"equal"})
        said = self.ok(site.run("reconcile")).stdout
        self.assertRegex(said, r"^queue: \d+ figures compared on \d+ days, all equal; not comparable: .*tTalk")
        self.assertRegex(said, r"\nagent: \d+ figures compared on \d+ days, all equal\n")
        self.assertRegex(said, r"\nadherence: \d+ figures.*a hint, no mismatch")
        rows = json.loads(self.ok(site.run("reconcile", "--from", "2026-03-29", "--to", "2026-03-29", "--json")).stdout)
        self.assertEqual({r["day"] for r in rows}, {"2026-03-29"})
        self.assertEqual(list(rows[0]), "scope day queue_id media_type user_id metric qualifier statistic ours theirs difference "
                                        "verdict reason first_checked_at last_checked_at".split())
        self.assertGreater(max(r["last_checked_at"] for r in rows), max(r["first_checked_at"] for r in rows))
        listed = json.loads(self.ok(site.run("query", "reconciliation", "from=2026-03-29", "to=2026-03-29", "--json")).stdout)
        self.assertEqual(len(listed), len(rows))
        self.assertIn("--from", self.ok(site.run("reconcile", "--from", "yesterday"), 2).stderr)
        self.assertIn("none of these days of conversations is whole", self.ok(site.run("reconcile", "--from", "2030-01-01"), 11).stderr)
        self.assertIn("lies after", self.ok(site.run("reconcile", "--from", "2026-03-30", "--to", "2026-03-29"), 2).stderr)
        status = json.loads(site.run("status", "--json").stdout)
        self.assertEqual(status["days_compared"], status["days_proven"])
        self.assertGreater(status["days_proven"], 10)

    def test_what_the_api_counts_otherwise(self):
        site, names = self.site, ("nConnected", "tConnected", "nError", "nFlow", "tFlow", "tIvr", "nConversations", "tTalk", "tHeld")
        columns = [r["name"] for r in site.query("PRAGMA table_info(conversation_aggregate)") if r["name"] not in ("metric", "qualifier")]
        for name in names:
            site.change(f"INSERT INTO conversation_aggregate (metric, qualifier, {', '.join(columns)}) SELECT '{name}', 'test', {', '.join(columns)} "
                        "FROM conversation_aggregate WHERE metric = 'nOffered' AND interval_start > '2026-03-29' LIMIT 1")
        self.ok(site.run("reconcile"))
        rows = site.query("SELECT metric, verdict, reason IS NOT NULL AS has_reason, ours FROM reconciliation WHERE theirs IS NOT NULL AND scope = 'queue' "
                          "AND statistic = 'count' AND verdict <> 'equal'")
        self.assertEqual({tuple(r) for r in rows}, {(name, "not_comparable", 1, None) for name in names})
        site.change("DELETE FROM conversation_aggregate WHERE qualifier = 'test'")
        self.ok(site.run("reconcile"))

    def test_a_killed_command_is_made_good(self):
        site = self.site
        rows = "SELECT scope, day, queue_id, media_type, user_id, metric, qualifier, statistic, ours, theirs, verdict, reason FROM reconciliation"
        days = "SELECT scope, day, compared, differing, reason, ours_run_id, theirs_run_id, is_final FROM reconciliation_day"
        wanted = site.query(rows), site.query(days)
        wanted = [list(map(tuple, w)) for w in wanted]
        empty = "DELETE FROM reconciliation; DELETE FROM reconciliation_day; DELETE FROM figure_kept"
        site.change(empty)
        site.env["ROLLCALL_LIMIT_TOGETHER_MS"] = "0"
        steps = site.steps("reconcile")
        self.assertGreater(len(steps), 40)
        for step in random.Random(os.environ.get("ROLLCALL_SEED")).sample(range(1, len(steps) + 1), len(steps) if FULL else 3):
            with self.subTest(step):
                site.change(empty)
                self.assertTrue(killed(site.run("reconcile", env={"ROLLCALL_KILL_STEP": step})))
                self.assertEqual(site.value("SELECT count(*) FROM reconciliation AS r LEFT JOIN reconciliation_day AS d USING (scope, day) "
                                            "WHERE d.day IS NULL"), 0)
                self.ok(site.run("reconcile"))
                self.assertEqual([list(map(tuple, site.query(q))) for q in (rows, days)], wanted)
        self.assertEqual(site.value("SELECT count(*) FROM figure_change"), 0)


class Differing(Case):
    """Days that are final: what is wrong is owed again once, heals, or stays."""

    HOURS = 24 * 13

    def final(self, server, site):
        """The days that a first run has read after their lookback, and a conversation of one of them."""
        site.set(extract={"lookback_days": 3})
        self.night(site, server, SPRING, self.HOURS)
        self.assertEqual(unequal(site), [])
        key, id = site.query("SELECT conversation_key, conversation_id FROM conversation JOIN interval_figure USING (conversation_key) "
                             "WHERE conversation_start BETWEEN '2026-03-29' AND '2026-03-29T20' AND queue_id IS NOT NULL "
                             "GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")[0]
        document = next(d["conversation"] for d in server.truth(moment(SPRING, 0)) if d["conversation"]["conversationId"] == id)
        return key, id, {k: -v for k, v in figures([document], "Europe/Berlin").items()}

    def differences(self, site):
        return found(site, where=UNEQUAL, value="difference")

    @unittest.skipUnless(clock_at(moment(SPRING, 0)), "the clock cannot be set here")
    def test_one_conversation_withheld(self):
        server, site = self.begin(days=6, hour=24 * 13)
        key, _, wanted = self.final(server, site)
        withhold(site, key)
        said = self.ok(site.run("reconcile"), 13)
        self.assertEqual(self.differences(site), wanted)
        self.assertGreater(len(wanted), 5)
        day, name = min(wanted)[0], site.value("SELECT name FROM queue WHERE queue_id = ?", min(wanted)[1])
        self.assertRegex(said.stderr, f"rollcall: {day}: \\w+ \\w+ of {name}.* here, .* at the API, and {len(wanted) - 1} more")
        self.assertEqual({d for d, p in proven(site).items() if p == 0}, {k[0] for k in wanted})
        # owed again, once, without a word; then it heals
        self.assertEqual(self.night(site, server, SPRING, self.HOURS + 24).stderr, "")
        self.assertEqual(self.differences(site), wanted)
        self.assertEqual(site.value("SELECT count(*) FROM reconciliation_day WHERE appealed_run_id IS NOT NULL"), len({k[0] for k in wanted}))
        self.assertEqual(site.value("SELECT count(*) FROM freshness WHERE NOT whole AND stream = 'conversations' AND day < '2026-04-05'"), 0)
        self.night(site, server, SPRING, self.HOURS + 48)
        self.assertEqual(unequal(site), [])
        self.assertNotIn(0, proven(site).values())
        self.ok(site.run("reconcile"))

    @unittest.skipUnless(clock_at(moment(SPRING, 0)), "the clock cannot be set here")
    def test_what_stays_is_said_each_night_and_asked_for_once(self):
        server, site = self.begin(days=6, hour=24 * 13)
        key, id, wanted = self.final(server, site)

        def edit(_, answer):
            if id.encode() in answer:
                document = json.loads(answer)
                document["conversations"] = [c for c in document["conversations"] if c["conversationId"] != id]
                return json.dumps(document).encode()
            return answer

        proxy = self.rewriting(server.url, edit=edit)
        site.set(genesys={"login_url": proxy, "api_url": proxy})
        withhold(site, key)
        asked = []
        for night, code in ((1, 0), (2, 13), (3, 13)):
            said = self.night(site, server, SPRING, self.HOURS + 24 * night, code)
            self.assertEqual(self.differences(site), wanted, night)
            read = site.query("SELECT DISTINCT updated_run_id FROM extract_window WHERE stream LIKE 'conversation%' AND window_end > ? "
                              "AND window_start < ?", min(wanted)[0], min(wanted)[0] + "T22")
            asked.append([r[0] for r in read])
            self.assertEqual("exit 13 (mismatch)" in said.stderr, code == 13)
        first, run = asked[0][0], asked[1][0]  # read again in one night, and then no more
        self.assertEqual((asked, run), ([[first], [run], [run]], first + 2))
        self.assertEqual(site.value("SELECT exit_name FROM run ORDER BY run_id DESC LIMIT 1"), "mismatch")
        status = site.run("status", env=clock_at(moment(SPRING, self.HOURS + 24 * 3 + 1)))
        self.assertRegex(status.stdout, r"proven +\d+ of \d+ compared days; not " + ", ".join(sorted({k[0] for k in wanted})))
        self.assertEqual(site.value("SELECT count(*) FROM run WHERE exit_name = 'mismatch'"), 2)
        # something worse stands
        server.control(deny=["/api/v2/routing/queues"])
        self.night(site, server, SPRING, self.HOURS + 24 * 4, 11)

    @unittest.skipUnless(clock_at(moment(SPRING, 0)), "the clock cannot be set here")
    def test_what_differs_instead_is_asked_for_too(self):
        """What the API counts goes on while a day is read once more for what differed: that was another matter."""
        server, site = self.begin(days=6, hour=24 * 13)
        key, _, wanted = self.final(server, site)

        def edit(path, answer):
            if path.endswith("conversations/aggregates/query") and b"tHandle" in answer:
                document = json.loads(answer)
                for metric in (m for g in document["results"] for d in g["data"] for m in d["metrics"] if m["metric"] == "tHandle"):
                    metric["stats"]["sum"] += 7
                return json.dumps(document).encode()
            return answer

        proxy = self.rewriting(server.url, edit=edit)
        withhold(site, key)
        day = min(wanted)[0]
        for night, code in ((1, 0), (2, 0), (3, 13)):
            if night == 2:
                site.set(genesys={"login_url": proxy, "api_url": proxy})
            self.night(site, server, SPRING, self.HOURS + 24 * night, code)
            differing = {k for k in self.differences(site) if k[0] == day}
            self.assertEqual({k[3:] for k in differing} == {("tHandle", "sum")}, night > 1, differing)

    def test_inside_the_lookback_it_is_a_row(self):
        server, site = self.begin(days=6, hour=24 * 13)
        self.night(site, server, SPRING, 24 * 7)
        site.change("UPDATE segment SET queue_id = NULL")
        make_figures(site.db)
        self.night(site, server, SPRING, 24 * 7 + 1)
        self.assertGreater(len(unequal(site)), 10)
        self.assertEqual(site.value("SELECT count(*) FROM reconciliation_day WHERE appealed_run_id IS NOT NULL"), 0)
        self.ok(site.run("reconcile"), 13)

    def test_what_has_no_name_is_not_compared(self):
        server, site = self.begin(days=3)
        self.night(site, server, SPRING, 24 * 4)
        site.change("UPDATE segment SET queue_id = ''; UPDATE session SET media_type = NULL;")
        make_figures(site.db)
        self.night(site, server, SPRING, 24 * 4 + 1)
        self.assertEqual(site.query("SELECT DISTINCT queue_id FROM figure_change WHERE queue_id = ''"), [])
        self.assertGreater(len(unequal(site)), 10)

    def test_an_old_row_below_a_corrected_status_counts_once(self):
        server, site = self.begin(days=4, hour=24 * 6)
        self.night(site, server, SPRING, 24 * 6)
        for table, status in (("user_presence", "system_presence"), ("user_routing_status", "routing_status")):
            site.change(f"INSERT INTO {table} (user_id, start_time, end_time, {status}) "
                        f"SELECT user_id, strftime('%Y-%m-%dT%H:%M:%fZ', start_time, '1 seconds'), end_time, {status} FROM {table} "
                        "WHERE end_time > strftime('%Y-%m-%dT%H:%M:%fZ', start_time, '1 seconds') "
                        f"OR end_time IS NULL ON CONFLICT DO NOTHING")
        self.ok(site.run("reconcile"))
        self.assertEqual(site.value("SELECT max(seconds) FROM (SELECT sum(seconds) / 3600 - hours AS seconds FROM v_agent_state "
                                    "JOIN v_day USING (day) GROUP BY day, user_id, kind)"), 0)

    def test_an_agent_s_time(self):
        server, site = self.begin(days=4, hour=24 * 6)
        self.night(site, server, SPRING, 24 * 6)
        user, start = site.query("SELECT user_id, start_time FROM user_presence WHERE start_time > '2026-03-28T06' AND start_time < '2026-03-28T15' "
                                 "AND system_presence = 'ON_QUEUE' AND end_time < '2026-03-28T20' LIMIT 1")[0]
        site.change(f"UPDATE user_presence SET system_presence = 'AVAILABLE' WHERE user_id = '{user}' AND start_time = '{start}'")
        self.assertIn("tSystemPresence sum of", self.ok(site.run("reconcile"), 13).stderr)
        rows = site.query(f"SELECT day, user_id, metric, qualifier, verdict, difference FROM reconciliation WHERE {UNEQUAL}")
        self.assertEqual({tuple(r)[:5] for r in rows},
                         {("2026-03-28", user, "tSystemPresence", "ON_QUEUE", "ours_short"),
                          ("2026-03-28", user, "tSystemPresence", "AVAILABLE", "ours_over")})
        self.assertEqual(sum(r["difference"] for r in rows), 0)
        self.assertEqual((proven(site)["2026-03-28"], proven(site, "user_status")["2026-03-28"]), (1, 0))

    def test_switches_are_named(self):
        for level, settings, hint in ((0, {"include_flow_outs": "yes"}, "include_flow_outs = no"),
                                      *([(1, {}, "include_flow_outs = yes")] if FULL else []),
                                      (4, {}, "include_abandons = no")):
            with self.subTest(level):
                _, site = self.begin(days=4, hour=24 * 6, per_day=50, level=level)
                site.set(kpi=settings)
                self.ok(site.extract("--until", moment(SPRING, 24 * 6)))
                rows = site.query(f"SELECT metric, statistic, reason FROM reconciliation WHERE {UNEQUAL}")
                self.assertEqual({tuple(r)[:2] for r in rows}, {("oServiceLevel", "denominator")})
                self.assertEqual({hint in r[2] for r in rows}, {True})
                site.set(kpi={key.split(" = ")[0]: key.split(" = ")[1] for key in [hint]})
                self.ok(site.extract("--until", moment(SPRING, 24 * 6)))  # heals of itself
                self.assertEqual(unequal(site), [])
                self.ok(site.run("reconcile"))


class Moved(Case):
    @unittest.skipUnless(clock_at(moment(SPRING, 0)), "the clock cannot be set here")
    def test_what_moved_is_told(self):
        """A conversation that is missing for a day: once it goes, once it is back. A day's first whole reading is no move, nor is a
        replay."""
        server, site = self.begin(days=5, hour=24)
        self.night(site, server, SPRING, 24 * 3 + 6)
        kpis = [r["name"] for r in site.query("PRAGMA table_info(figure_kept)")][3:]
        days = set(proven(site))

        def said(*since):
            rows = json.loads(self.ok(site.run("query", "moved", *since, "--json")).stdout)
            order = "day queue_id queue_name media_type kpi before after moved_at"
            self.assertEqual({" ".join(row) for row in rows} - {order}, set())
            return {(r["day"], r["queue_id"], r["media_type"], r["kpi"], r["before"], r["after"], r["moved_at"][:10]) for r in rows}

        def counted(without=None):
            lines = [d for d in server.truth(moment(SPRING, 24)) if d["conversation"]["conversationId"] != without]
            return Records(lines, "Europe/Berlin").figures(False)

        def moves(before, after, on):
            every = {(key, kpi): [f.get(key, {}).get(kpi, 0) for f in (before, after)]
                     for key in before.keys() | after.keys() if key[0] in days for kpi in kpis}
            return {(*key, kpi, *pair, on) for (key, kpi), pair in every.items() if pair[0] != pair[1]}

        self.assertEqual((said(), len(kpis), len(days)), (set(), 19, 2))
        key, id = site.query("SELECT conversation_key, conversation_id FROM conversation JOIN interval_figure USING (conversation_key) "
                             "WHERE queue_id IS NOT NULL AND conversation_start BETWEEN '2026-03-27T06' AND '2026-03-27T18' "
                             "GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")[0]
        full, less = counted(), counted(id)
        withhold(site, key)
        self.ok(site.run("reconcile", env=clock_at(moment(SPRING, 24 * 3 + 12))), 13)
        gone = moves(full, less, "2026-03-29")
        self.assertEqual(said(), gone)
        self.assertGreater(len(gone), 5)
        self.night(site, server, SPRING, 24 * 4 + 6)
        self.assertEqual(len(proven(site)), 3)
        back = moves(less, counted(), "2026-03-30")
        self.assertEqual((said(), said("since=2026-03-30"), said("since=2026-03-31")), (gone | back, back, set()))
        # What an older program has made less of than this one makes by a replay.
        site.change("UPDATE session_metric SET value = 1 WHERE name = 'tHandle'; UPDATE conversation SET row_hash = 1; INSERT INTO fact_owed SELECT conversation_key FROM conversation UNION ALL SELECT 0")
        self.ok(site.run("reconcile", env=clock_at(moment(SPRING, 24 * 4 + 7))), 13)
        site.change("DELETE FROM figure_change WHERE moved_at > '2026-03-30T06:30'")
        self.ok(site.run("replay", env=clock_at(moment(SPRING, 24 * 5))))
        self.ok(site.run("reconcile", env=clock_at(moment(SPRING, 24 * 5))))
        self.assertEqual(said(), gone | back)


class NotCompared(Case):
    """No proof is no success, but no failure of extract's."""

    def verdicts(self, site, scope):
        return {tuple(r) for r in site.query("SELECT verdict, reason FROM reconciliation WHERE scope = ? AND metric = ''", scope)}

    def test_nothing_happened(self):
        server, site = self.begin(days=3, per_day=0, agents=1)
        self.night(site, server, SPRING, 24 * 4)
        self.assertRegex(self.ok(site.run("reconcile")).stdout, r"queue: 0 figures compared on \d days, nothing happened")

    def test_a_stream_is_off(self):
        server, site = self.begin(streams="users, queues, conversations", days=3)
        self.ok(site.run("reconcile"), 9)
        self.night(site, server, SPRING, 24 * 4)
        self.assertEqual(set(proven(site).values()), {None})
        said = self.ok(site.run("reconcile"), 11)
        self.assertIn("queue: nothing can be compared: 2026-03-29: conversation_aggregate was never read", said.stderr)
        self.assertEqual(self.verdicts(site, "queue"), {("not_comparable", "conversation_aggregate was never read")})

    @unittest.skipUnless(clock_at(moment(SPRING, 0)), "the clock cannot be set here")
    def test_days_that_the_organization_keeps_no_longer(self):
        server, site = self.begin(days=3)
        self.night(site, server, SPRING, 24 * 4)
        site.change("DELETE FROM conversation_aggregate; DELETE FROM user_aggregate")  # as a reading now would find it

        def reconciled(days, code):
            self.ok(site.run("reconcile", "--from", SPRING, env=clock_at(moment(SPRING, 24 * days))), code)
            return {scope: {r[1] for r in self.verdicts(site, scope)} for scope in ("queue", "agent")}

        beyond = {scope: {"beyond what the organization keeps"} for scope in ("queue", "agent")}
        self.assertEqual(reconciled(300, 13), {"queue": set(), "agent": set()})
        self.assertEqual(reconciled(400, 11), beyond)
        for kept, code in ((558, 13), (100, 11)):
            server.control(now=moment(SPRING, 24 * 400), date="now", retention_days=kept)
            self.ok(site.run("backfill", "--from", "2025-01-01", "--to", "2025-01-01", env=clock_at(moment(SPRING, 24 * 400))))
            self.assertEqual(reconciled(400, code) == beyond, code == 11, kept)

    def test_a_client_limited_to_divisions(self):
        """Queues that its list has are compared all the same; of the others nobody says that they differ."""
        server, site = self.begin(days=4, hour=24 * 6)
        server.control(divisions=1)
        self.night(site, server, SPRING, 24 * 6)
        known = {r[0] for r in site.query("SELECT queue_id FROM queue")}
        self.assertEqual(len(known), 1)
        rows = site.query("SELECT DISTINCT queue_id, verdict, reason FROM reconciliation WHERE scope = 'queue' AND difference IS NOT NULL")
        self.assertEqual({(r["queue_id"] in known, r["verdict"]) for r in rows}, {(True, "equal"), (False, "not_comparable")})
        self.assertEqual({"limited to divisions" in (r["reason"] or "") for r in rows if r["queue_id"] not in known}, {True})
        self.assertIn("all equal", self.ok(site.run("reconcile")).stdout)

    def test_a_permission_is_missing(self):
        server, site = self.begin(days=3, deny="/api/v2/analytics/users/aggregates/query")
        self.night(site, server, SPRING, 24 * 4, 11)
        said = self.ok(site.run("reconcile"), 11)
        self.assertRegex(said.stderr, "agent: nothing can be compared: .*user_aggregate is not whole: .*analytics:userAggregate:view")
        self.assertIn(1, proven(site).values())

    def test_sides_read_by_different_runs(self):
        server, site = self.begin(days=3)
        until = ("--until", moment(SPRING, 24 * 4))
        for stream in ("conversations", "conversation_aggregate"):
            self.ok(site.extract("--stream", "queues", "--stream", stream, *until))
        self.ok(site.run("reconcile"), 11)
        self.assertIn(("not_comparable", "the two sides were last read by different runs"), self.verdicts(site, "queue"))
        self.night(site, server, SPRING, 24 * 5)
        self.assertEqual(self.verdicts(site, "queue"), set())

    def test_a_poll_beside_the_night(self):
        """A run that begins while the night loads has made none of its figures."""
        server, site = self.begin(days=3)

        def poll(_, path, __):
            if "/details/" in path and site.value("SELECT count(*) FROM run") == 1:
                self.ok(site.extract("--stream", "adherence_realtime"))

        url = self.rewriting(server.url, poll)
        site.set(genesys={"login_url": url, "api_url": url}, extract={"in_flight": "1"})
        self.night(site, server, SPRING, 24 * 5)
        self.assertEqual(site.value("SELECT max(run_id) FROM run"), 2)
        self.assertEqual(self.verdicts(site, "queue"), set())

    @unittest.skipUnless(clock_at(moment(SPRING, 0)), "the clock cannot be set here")
    def test_final_sides_read_by_different_runs(self):
        """A first extraction that was cut is proven all the same."""
        server, site = self.begin(days=6)
        site.set(extract={"lookback_days": 2, "streams": "queues, conversations"})
        self.night(site, server, SPRING, 24 * 8)
        site.set(extract={"streams": BOTH})
        self.night(site, server, SPRING, 24 * 8 + 1)
        days = [tuple(r) for r in site.query("SELECT compared > 0, differing FROM reconciliation_day WHERE scope = 'queue' AND is_final")]
        self.assertEqual((set(days), len(days) > 2), ({(1, 0)}, True))

    def test_the_first_day_without_jobs_and_metrics_that_are_left_out(self):
        server, site = self.begin(days=4)
        site.set(conversations={"method": "query"}, aggregates={"conversation_metrics": "nOffered\n    tAnswered"})
        self.night(site, server, SPRING, 24 * 5)
        first = site.query("SELECT day, reason FROM reconciliation_day WHERE scope = 'queue' AND reason IS NOT NULL")
        self.assertEqual([r["day"] for r in first], [site.value("SELECT min(day) FROM freshness WHERE stream = 'conversations'")])
        self.assertIn("the first day", first[0]["reason"])
        compared = {r[0] for r in site.query("SELECT metric FROM reconciliation WHERE verdict = 'equal' AND scope = 'queue'")}
        self.assertEqual(compared, {"nOffered", "tAnswered"})
        self.assertEqual({r[0] for r in site.query("SELECT reason FROM reconciliation WHERE metric = 'tHandle'")},
                         {"[aggregates] leaves it out"})
        hits = site.query("SELECT verdict, ours FROM reconciliation WHERE scope = 'conversations'")
        self.assertGreater(len(hits), 1)
        self.assertEqual({r["verdict"] for r in hits}, {"equal"})


class TenNights(Case):
    """Data come late, over midnights and changes of clock, by jobs and queries, under all switches."""

    def snapshot(self, site):
        columns = [r["name"] for r in site.query("PRAGMA table_info(figure_kept)")][3:]
        days = {r[0] for r in site.query("SELECT day FROM freshness WHERE stream = 'conversations' AND whole")}
        return days, {(r["day"], r["queue_id"], r["media_type"], c): r[c] for r in site.query("SELECT * FROM v_queue_day")
                      if r["day"] in days for c in columns if r[c]}

    def simulate(self, zone, start, level, method):
        first = -4 if method == "query" else 1  # a query knows of nothing that began before the first day
        server, site = self.begin(start=start, zone=zone, days=10 if FULL else 5, hour=24, lag=5 * 3600, level=level, eventful=True, first=first,
                                  per_day=40 if FULL else 12, seed=level + 4)
        site.set(kpi={"include_flow_outs": "yes" if level & 1 else "no", "include_short_abandons": "no" if level & 2 else "yes",
                      "include_abandons": "no" if level & 4 else "yes"}, conversations={"method": method}, extract={"lookback_days": 5})
        days, before, moved = set(), {}, collections.Counter()
        for night in range(10 if FULL else 5):
            self.night(site, server, start, 24 * night + 54)
            whole, after = self.snapshot(site)
            for key in before.keys() | after.keys():
                if key[0] in days and before.get(key, 0) != after.get(key, 0):
                    moved[(*key, before.get(key, 0), after.get(key, 0))] += 1
            days, before = whole, after
        kept = collections.Counter(tuple(r) for r in site.query("SELECT day, queue_id, media_type, kpi, before, after FROM figure_change"))
        self.assertEqual(kept, moved)
        for hour in (24 * 20, 24 * 21):  # all is final now
            self.night(site, server, start, hour)
        last = moment(start, 24 * (10 if FULL else 5))[:10]  # agents work on behind it
        self.assertEqual([r for r in unequal(site) if r[1] <= last], [])
        busy = {r[0] for r in site.query("SELECT day FROM v_queue_day")}
        if method == "query":
            busy -= {min(proven(site))}  # where what began before is not known
        self.assertEqual({d for d, p in proven(site).items() if d <= last and d in busy and p != 1}, set())
        self.assertGreater(len(busy & proven(site).keys()), 3)
        self.assertEqual(site.query("SELECT day FROM reconciliation_day WHERE day <= ? AND (NOT is_final OR reason IS NOT NULL "
                                    "AND reason NOT LIKE 'the first day%')", last), [])
        self.ok(site.run("reconcile", "--to", last))
        return moved

    def test_end_with_no_difference(self):
        plans = [(*ZONES[level % 4], level, ("auto", "job", "query")[level % 3]) for level in range(8)] if FULL else [
            (*ZONES[0], 5, "auto")]
        moved = {}
        for plan in plans:
            with self.subTest(plan):
                moved.update(self.simulate(*plan))
        self.assertGreater(len(moved), 3)
