"""Settings that the figures go by, the calendar, and agents' days, computed once more over what the stand-in says is true."""
import collections
import contextlib
import datetime
import json
import sqlite3
import zoneinfo

from harness import ROOT, WORLDS, Api, TestCase, iso, midnight, utc

NOW = "2026-03-04T00:30:00Z"
WFM = "/api/v2/workforcemanagement/"
UTC = datetime.timezone.utc


def seconds(begins, ends):
    return (ends - begins) / datetime.timedelta(seconds=1)


class Settings(TestCase):
    KEYS = ("include_flow_outs", "include_short_abandons", "include_abandons", "default_target_seconds")

    def test_the_file_takes_them_with_the_next_extract_and_others_say_that_it_has_others(self):
        server = self.standin(now=NOW, days=1, per_day=2, agents=3)
        site = self.site(server.url)

        def kept():
            return tuple(site.query(f"SELECT {', '.join(self.KEYS)} FROM kpi")[0])

        self.ok(site.extract("--stream", "queues"))
        self.assertEqual(kept(), (0, 1, 1, 20))
        site.set(kpi={"include_flow_outs": "yes", "include_abandons": "no", "default_target_seconds": "30"})
        for command in (("query", "freshness"), ("export", "kpi"), ("status",), ("snapshot", "copy.db")):
            told = site.run(*command).stderr
            self.assertIn("include_flow_outs = 0, include_abandons = 1, default_target_seconds = 20", told)
            self.assertIn("include_flow_outs = 1, include_abandons = 0, default_target_seconds = 30", told)
            self.assertEqual(len(told.splitlines()), 1)
        self.assertEqual(kept(), (0, 1, 1, 20))
        server.control(reset_requests=True)
        self.ok(site.extract("--stream", "queues"))
        self.assertEqual(kept(), (1, 1, 0, 30))
        self.assertEqual(set(server.requests()["routes"]) - {"POST /oauth/token"}, set(), "nothing is read for it")
        self.assertEqual(site.run("query", "freshness").stderr, "")
        for seconds, command in enumerate((("reconcile",), ("replay",), ("erase", "--address", "tel:+1", "--yes"),
                                           ("backfill", "--from", "2026-03-01", "--to", "2026-03-01")), 31):
            site.set(kpi={"default_target_seconds": seconds})
            self.assertIn("the next command that writes takes yours", site.run("status").stderr)
            site.run(*command)
            self.assertEqual(kept(), (1, 1, 0, seconds), command)
        for value in ("include_abandons = perhaps", "include_abandon = no", "default_target_seconds = 0"):
            key, _, word = value.partition(" = ")
            site.set(kpi={**{k: None for k in self.KEYS}, key: word})
            self.assertIn("[kpi]", self.ok(site.extract(), 3).stderr)
            site.set(kpi={key: None})

    def test_the_calendar(self):
        server = self.standin(now="2025-10-28T00:30:00Z", start="2025-10-24", days=3, per_day=2, agents=3)
        site = self.site(server.url, start="2025-10-24", timezone="Europe/Berlin")
        self.ok(site.extract("--stream", "conversations", "--until", "2025-10-28T00:30:00Z"))
        days = [dict(r) for r in site.query("SELECT * FROM v_day ORDER BY day")]
        self.assertEqual(len(days), len({d["day"] for d in days}))
        zone = zoneinfo.ZoneInfo("Europe/Berlin")
        whole = dict(site.query("SELECT day, whole FROM freshness WHERE stream = 'conversations'"))
        for d, following in zip(days, days[1:]):
            day = datetime.date.fromisoformat(d["day"])
            begins = midnight(day, zone)
            ends = midnight(day + datetime.timedelta(days=1), zone)
            year, week, weekday = day.isocalendar()
            self.assertEqual(d, {
                "day": day.isoformat(), "utc_from": iso(begins), "utc_to": iso(ends),
                "hours": (ends - begins) / datetime.timedelta(hours=1),
                "weekday": weekday, "iso_week": f"{year}-W{week:02d}", "month": day.strftime("%Y-%m"),
                "whole": whole.get(d["day"], 0), "proven": None})
            self.assertEqual(following["utc_from"], d["utc_to"])
        self.assertEqual({d["hours"] for d in days}, {23.0, 24.0, 25.0})
        self.assertEqual(sum(d["whole"] for d in days), 4)


class Names(TestCase):
    def test_names_stand_beside_ids(self):
        server = self.standin(now=NOW, per_day=60, agents=8)
        site = self.site(server.url, extract={"streams": "conversations, wrapup_codes, skills, divisions, teams, flows, users"})
        self.ok(site.extract("--until", NOW))

        def names(table):
            return dict(site.query(f"SELECT {table}_id, name FROM {table}"))

        skills, divisions, teams, codes, flows = map(names, ("skill", "division", "team", "wrapup_code", "flow"))
        segments, conversations = [], []
        for c in (line["conversation"] for line in server.truth("2026-03-01")):
            of_c = "; ".join(divisions.get(d, d) for d in c.get("divisionIds", ())) or None
            asked, first_flow = set(), None
            for p, part in enumerate(c["participants"]):
                for s, session in enumerate(part.get("sessions", ())):
                    flow = session.get("flow")
                    flow_name = flow and (flow.get("flowName") or flows.get(flow.get("flowId")))
                    first_flow = first_flow or (flow and (flow_name,))
                    for g, segment in enumerate(session.get("segments", ())):
                        wanted = [skills.get(k, k) for k in segment.get("requestedRoutingSkillIds", ())]
                        asked.update(wanted)
                        segments.append((c["conversationId"], p, s, g, codes.get(segment.get("wrapUpCode")), "; ".join(wanted) or None,
                                         of_c, teams.get(part.get("teamId")), flow_name))
            conversations.append((c["conversationId"], "; ".join(sorted(asked)) or None, of_c, first_flow and first_flow[0]))
        keys = "conversation_id, participant_no, session_no, segment_no"
        stored = [tuple(r) for r in site.query(f"SELECT {keys}, wrap_up_name, skill_names, division_names, team_name, flow_name "
                                               "FROM v_segment ORDER BY 1, 2, 3, 4")]
        self.assertEqual(stored, sorted(segments, key=lambda r: r[:4]))
        for column in range(4, 9):
            self.assertTrue(any(r[column] for r in stored), f"column {column} is empty")
        self.assertEqual([tuple(r) for r in site.query("SELECT conversation_id, skill_names, division_names, first_flow_name "
                                                       "FROM v_conversation ORDER BY 1")], sorted(conversations, key=lambda r: r[0]))
        ends = site.query("SELECT first_wrap_up_code, first_wrap_up_name, last_wrap_up_code, last_wrap_up_name FROM v_conversation")
        self.assertTrue(any(r[3] for r in ends))
        for r in ends:
            self.assertEqual((r[1], r[3]), (codes.get(r[0]), codes.get(r[2])))


class AgentDays:
    """Four days and a piece of one, in the world that a class says."""

    ZONE = START = SEED = CALLS = None

    @classmethod
    def setUpClass(cls):
        case = cls.shared()
        cls.zone = zoneinfo.ZoneInfo(cls.ZONE)
        cls.days = [str(datetime.date.fromisoformat(cls.START) + datetime.timedelta(days=n)) for n in range(5)]
        cls.UNTIL = cls.days[4] + "T06:00:00Z"
        cls.server = case.standin(now=cls.UNTIL, availability=cls.UNTIL, start=cls.START, days=4, per_day=40, agents=12,
                                  job_polls=1, seed=cls.SEED, voice_only=cls.CALLS)
        streams = "users, conversations, user_status, schedules, adherence_historical"
        cls.site = case.site(cls.server.url, start=cls.START, timezone=cls.ZONE, extract={"streams": streams})
        case.ok(cls.site.extract("--until", cls.UNTIL))
        cls.since = midnight(datetime.date.fromisoformat(cls.START), cls.zone)
        cls.api = Api(cls.server.url)
        cls.names = {u["id"]: u["name"] for u in cls.api.ask("/api/v2/users?state=any&pageSize=100")["entities"]}
        cls.reports = list(cls.reported())
        cls.shifts = {table: [tuple(r) for r in cls.site.query(f"SELECT {columns} FROM {table}")] for table, columns in (
            ("schedule_shift", "shift_id, user_id, start_date, length_minutes"),
            ("schedule_activity", "shift_id, user_id, start_date, length_minutes, paid, payable_minutes"))}

    @classmethod
    def reported(cls):
        """(day, its first instant, unit's name, an agent's result) of all days that touch what is read and are over, as reports have
        them."""
        for unit in cls.api.ask(WFM + "managementunits")["entities"]:
            zone = zoneinfo.ZoneInfo(unit["timeZone"])
            days = [datetime.date.fromisoformat(cls.START) + datetime.timedelta(days=n) for n in range(-1, 6)]
            spans = [(day, midnight(day, zone), midnight(day + datetime.timedelta(days=1), zone)) for day in days]
            spans = [s for s in spans if s[2] > cls.since and s[2] <= utc(cls.UNTIL)]
            items = [{"managementUnitId": unit["id"], "startDate": iso(a), "endDate": iso(b), "includeExceptions": True}
                     for _, a, b in spans]
            path = WFM + "adherence/historical/bulk"
            job = cls.api.ask(path, {"items": items, "timeZone": unit["timeZone"]})
            while not job.get("downloadUrls") and job["job"]["status"] != "Complete":
                job = cls.api.ask(f"{path}/jobs/{job['job']['id']}")
            for url in job.get("downloadUrls") or []:
                report = cls.api.ask(url, token=False)
                day, begins, _ = next(s for s in spans if utc(report["startDate"]) == s[1])
                for result in report["userResults"]:
                    yield str(day), begins, unit["name"], result

    def day_of(self, moment):
        return moment.astimezone(self.zone).date()

    def pieces(self):
        """(user, kind, status, day, from, to) of all statuses, of what was read, cut at midnights."""
        until = utc(self.UNTIL)
        told = self.server.get(f"/standin/truth/statuses?now={self.UNTIL}&start={iso(self.since)}")
        for user in map(json.loads, told.splitlines()):
            for kind, rows, name in (("presence", "primaryPresence", "systemPresence"), ("routing", "routingStatus", "routingStatus")):
                for row in user.get(rows, ()):
                    at = max(utc(row["startTime"]), self.since)
                    end = min(utc(row["endTime"]) if "endTime" in row else until, until)
                    while at < end:
                        day = self.day_of(at)
                        upto = min(end, midnight(day + datetime.timedelta(days=1), self.zone))
                        yield user["userId"], kind, row[name], day.isoformat(), at, upto
                        at = upto

    def test_statuses_are_cut_at_midnights_and_where_the_reading_ends(self):
        expected = sorted((user, self.names[user], kind, status, day, iso(a), iso(b), seconds(a, b))
                          for user, kind, status, day, a, b in self.pieces())
        stored = [tuple(r) for r in self.site.query("SELECT user_id, user_name, kind, status, day, started_at, ended_at, seconds "
                                                    "FROM v_agent_state ORDER BY 1, 3, 6")]
        self.assertEqual(stored, sorted(expected, key=lambda r: (r[0], r[2], r[5])))
        until = iso(utc(self.UNTIL))
        self.assertGreater(len([r for r in stored if r[6] == until]), 20, "open ones")
        of_day = collections.Counter()
        for before, row in zip([None, *stored], stored):
            if before and (before[0], before[2]) == (row[0], row[2]):
                self.assertLessEqual(before[6], row[5], "no overlap")
            of_day[row[0], row[2], row[4]] += row[7]
        hours = {str(d): seconds(midnight(d, self.zone), midnight(d + datetime.timedelta(days=1), self.zone)) / 3600
                 for d in map(datetime.date.fromisoformat, self.days)}
        self.assertTrue(all(total <= hours[day] * 3600 for (_, _, day), total in of_day.items()))
        self.assertEqual(max(of_day.values()), max(hours[day] for _, _, day in of_day) * 3600, "who was there all day")
        for day in self.days[2::2]:
            self.assertEqual([tuple(r) for r in self.site.query("SELECT user_id, user_name, kind, status, day, started_at, ended_at, "
                                                                "seconds FROM v_agent_state WHERE day = ? ORDER BY 1, 3, 6", day)],
                             [r for r in stored if r[4] == day])

    def figures(self):
        """{(day, user): [answered, handled, handle_ms, transferred]} by the day of the emit date."""
        found = collections.defaultdict(lambda: [0, 0, 0, 0])
        for line in self.server.truth(iso(self.since)):
            for part in line["conversation"]["participants"]:
                for metric in (m for s in part.get("sessions", ()) for m in s.get("metrics", ()) if "userId" in part):
                    sums = found[self.day_of(utc(metric["emitDate"])).isoformat(), part["userId"]]
                    sums[0] += metric["name"] == "tAnswered"
                    sums[1] += metric["name"] == "tHandle"
                    sums[2] += metric["value"] if metric["name"] == "tHandle" else 0
                    sums[3] += metric["value"] if metric["name"] == "nTransferred" else 0
        return {key: sums for key, sums in found.items() if any(sums)}

    def agent_days(self):
        """The rows of v_agent_day, in its order of columns."""
        names = "OFFLINE ON_QUEUE INTERACTING COMMUNICATING IDLE NOT_RESPONDING".split()
        times, present = collections.defaultdict(collections.Counter), set()
        for user, kind, status, day, begins, ends in self.pieces():
            times[day, user][kind, status] += seconds(begins, ends)
            present |= {(day, user)} if status not in ("OFFLINE", "OFF_QUEUE") else set()
        adherence = {(day, r["userId"]): self.percentages(r) for day, _, _, r in self.reports}
        schedule = {key: sums for key, sums in self.scheduled().items() if key[0] <= self.day_of(utc(self.UNTIL)).isoformat()}
        figures = self.figures()
        for key in sorted(present | adherence.keys() | schedule.keys() | figures.keys()):
            t = times.get(key)
            by = [round(t["presence" if n == "ON_QUEUE" else "routing", n], 3) if t else None for n in names[1:]]
            logged_in = round(sum(v for (kind, n), v in t.items() if kind == "presence" and n != "OFFLINE"), 3) if t else None
            busy = sum(by[1:4]) if t else 0
            answered, handled, handle_ms, transferred = figures.get(key, (0, 0, 0, 0))
            yield (*key, self.names.get(key[1]), logged_in, *by, 100 * by[1] / busy if busy else None, answered, handled, handle_ms,
                   handle_ms / 1000 / handled if handled else None, transferred, *adherence.get(key, (None, None)),
                   *schedule.get(key, (None, None)))

    def percentages(self, result):
        return tuple((result.get("dayMetrics") or [result])[0].get(kind + "Percentage") for kind in ("adherence", "conformance"))

    def scheduled(self):
        """{(day, user): [seconds scheduled, paid]} of the shifts that begin on the day."""
        days, begun = collections.defaultdict(lambda: [0, 0]), {}
        for shift, user, start, minutes in self.shifts["schedule_shift"]:
            begun[shift] = self.day_of(utc(start)).isoformat(), user
            days[begun[shift]][0] += minutes * 60
        for shift, _, _, minutes, paid, payable in self.shifts["schedule_activity"]:
            days[begun[shift]][1] += 60 * (payable if payable is not None else minutes if paid else 0)
        return days

    def equal(self, stored, expected):
        """Rows, but for the last digits of what was divided."""
        def plain(rows):
            return [tuple(round(v, 6) if isinstance(v, float) else v for v in row) for row in rows]

        self.assertEqual(plain(stored), plain(expected))

    def test_agents_days(self):
        expected = list(self.agent_days())
        self.equal(self.site.query("SELECT * FROM v_agent_day ORDER BY day, user_id"), expected)
        for day in sorted({r[0] for r in expected})[1::2]:
            self.equal(self.site.query("SELECT * FROM v_agent_day WHERE day = ? ORDER BY user_id", day),
                       [r for r in expected if r[0] == day])
        for column in range(3, 19):
            self.assertTrue(any(r[column] for r in expected), f"column {column} is empty")

    def ask(self, name, *words):
        """A query's rows of all days that were read, by the program; in a shell they are the same."""
        last = self.day_of(utc(self.UNTIL)).isoformat()
        told = self.ok(self.site.run("query", name, f"from={self.START}", f"to={last}", *words, "--json")).stdout
        rows = [tuple(r.values()) for r in json.loads(told)]
        sql = (ROOT / "queries" / f"{name}.sql").read_text(encoding="utf-8")
        values = {**dict.fromkeys(("queue", "media", "agent")), "from": self.START, "to": last,
                  **dict(w.split("=", 1) for w in words)}
        db = self.site.connect()
        self.equal(db.execute(sql, values).fetchall(), rows)
        default = db.execute(sql, {**values, "from": None, "to": None}).fetchall()
        db.close()
        self.equal(default, [tuple(r.values()) for r in json.loads(self.ok(self.site.run("query", name, *words, "--json")).stdout)])
        self.assertGreater(len(rows), 2)
        return rows

    def named(self, rows):
        """In the order of the queries: days first where there are such, then names."""
        return sorted(rows, key=lambda r: (r[0], r[2], r[1]))

    def test_queries_of_days(self):
        last = self.day_of(utc(self.UNTIL)).isoformat()
        days = [r for r in self.agent_days() if self.START <= r[0] <= last]
        rounded = [tuple(round(v, 1) if isinstance(v, float) and i in (9, 13, 15, 16) else v for i, v in enumerate(r)) for r in days]
        self.equal(self.ask("agent_day"), self.named(rounded))
        one = max(self.names.values())
        self.equal(self.ask("agent_day", f"agent={one}"), [r for r in self.named(rounded) if r[2] == one])
        self.equal(self.ask("schedule_actual"), self.named(
            (*r[:3], r[17], r[18], r[3], r[4], None if r[3] is None else round(r[3] - (r[17] or 0), 3), r[15], r[16])
            for r in rounded if r[17] is not None or (r[3] or 0) > 0))

    def test_queries_of_statuses(self):
        times, counts = collections.Counter(), collections.Counter()
        of_day = collections.defaultdict(list)
        for user, kind, status, day, begins, ends in self.pieces():
            times[user, kind, status] += seconds(begins, ends)
            counts[user, kind, status] += 1
            if status == "NOT_RESPONDING":
                of_day[day, user].append(seconds(begins, ends))
        whole = collections.Counter()
        for (user, kind, _), spent in times.items():
            whole[user, kind] += spent
        self.equal(sorted(self.ask("agent_status")),
                   sorted((u, self.names[u], k, s, round(t, 3), counts[u, k, s], round(100 * t / whole[u, k], 1))
                          for (u, k, s), t in times.items()))
        self.equal(self.ask("not_responding"), sorted(
            ((day, u, self.names[u], len(t), sum(t), max(t)) for (day, u), t in of_day.items()), key=lambda r: (r[0], -r[4], r[2])))
        expected = []
        for user in self.names:
            by = [times[user, "presence" if s == "ON_QUEUE" else "routing", s] for s in
                  ("ON_QUEUE", "INTERACTING", "COMMUNICATING", "IDLE", "NOT_RESPONDING")]
            days = {d for u, k, s, d, _, _ in self.pieces() if u == user and (s == "ON_QUEUE" or k == "routing" and s != "OFF_QUEUE")}
            if days:
                expected.append((user, self.names[user], len(days), *by, round(100 * by[1] / sum(by[1:4]), 1)))
        self.equal(self.ask("agent_occupancy"), sorted(expected, key=lambda r: (r[1], r[0])))

    def test_queries_of_adherence(self):
        def percent(value):
            return None if value is None else round(value, 1)

        shown = [(day, begins, unit, r, (r.get("dayMetrics") or [{}])[0]) for day, begins, unit, r in self.reports if day >= self.START]
        self.equal(self.ask("adherence_conformance"), self.named(
            (day, r["userId"], self.names[r["userId"]], *map(percent, self.percentages(r)), unit,
             *(m.get(c) for c in ("adherenceScheduleSeconds", "exceptionDurationSeconds", "exceptionCount", "conformanceScheduleSeconds",
                                  "conformanceActualSeconds"))) for day, _, unit, r, m in shown))
        exceptions = []
        for day, begins, _, r, _ in shown:
            for e in r.get("exceptionInfo") or []:
                start, end = (begins + datetime.timedelta(seconds=e[k + "OffsetSeconds"]) for k in ("start", "end"))
                exceptions.append((day, r["userId"], self.names[r["userId"]], start.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S"),
                                   iso(start), iso(end), int(seconds(start, end)),
                                   *(e.get(c) for c in ("scheduledActivityCategory", "actualActivityCategory", "systemPresence",
                                                        "routingStatus", "impact"))))
        self.equal(self.ask("adherence_exceptions"), sorted(exceptions, key=lambda r: (r[0], r[2], r[1], r[4])))

    def test_half_hours_of_adherence(self):
        """What shifts hold against exceptions, of days of which both are read."""
        minute, begun = datetime.timedelta(minutes=1), {}
        reports = {(r["userId"], begins): r for _, begins, _, r in self.reports
                   if (r.get("dayMetrics") or [{}])[0].get("adherenceScheduleSeconds", 0) > 0}
        for shift, user, start, _ in self.shifts["schedule_shift"]:
            begun[shift] = next((key for key in reports if key[0] == user and key[1] <= utc(start) < key[1] + 1440 * minute), None)
        pieces = [(user, 0, utc(start), minutes * minute) for shift, user, start, minutes, *_ in self.shifts["schedule_activity"]
                  if begun[shift]]
        for user, begins in {key for key in begun.values() if key}:
            for e in reports[user, begins].get("exceptionInfo") or []:
                first, last = (begins + datetime.timedelta(seconds=e[end + "OffsetSeconds"]) for end in ("start", "end"))
                pieces.append((user, 1, first, last - first))
        found = collections.defaultdict(lambda: [0, 0])
        for user, is_exception, at, length in pieces:
            end = at + length
            while at < end:
                local = at.astimezone(self.zone)
                start = at - datetime.timedelta(minutes=local.minute % 30, seconds=local.second, microseconds=local.microsecond)
                upto = min(end, start + 30 * minute)
                found[str(local.date()), start, user][is_exception] += seconds(at, upto)
                at = upto
        self.equal(self.ask("adherence_halfhour"), sorted(
            ((day, start.astimezone(self.zone).strftime("%Y-%m-%d %H:%M"), start.strftime("%Y-%m-%dT%H:%M:%SZ"), user, self.names[user], of, out,
              round(100 * max(0, of - out) / of, 2) if of else None)
             for (day, start, user), (of, out) in found.items() if self.START <= day <= self.days[4]), key=lambda r: (r[2], r[4], r[3])))

    def test_schedules_are_of_the_day_on_which_the_shift_begins(self):
        stored = [tuple(r) for r in self.site.query("SELECT * FROM v_schedule_day ORDER BY day, user_id")]
        self.assertEqual(stored, sorted((day, user, self.names[user], *sums) for (day, user), sums in self.scheduled().items()))
        self.assertTrue(any(r[3] > r[4] > 0 for r in stored))

    def test_the_vendors_adherence(self):
        stored = [tuple(r) for r in self.site.query("SELECT * FROM v_adherence_day ORDER BY day, user_id")]
        self.assertEqual(stored, sorted((day, r["userId"], self.names[r["userId"]], *self.percentages(r)) for day, _, _, r in self.reports))
        self.assertTrue(any(r[4] is None for r in stored) and any(r[3] for r in stored))


class LongDay:
    """Summer time ends on the 26th."""

    # What of a row is another some days before, by table.
    EARLIER = {"user_presence": ("start_time", "end_time"), "user_routing_status": ("start_time", "end_time"),
               "interval_figure": ("utc_start", "conversation_key"), "adherence_day": ("business_day", "adherence_day_key"),
               "schedule_shift": ("start_date", "shift_id")}

    def copied(self):
        db = sqlite3.connect(":memory:")
        with contextlib.closing(self.site.connect()) as source:
            source.backup(db)
        return db

    @staticmethod
    def steps(db, sql, values=()):
        """A statement's rows, and the machine's steps for them, in hundreds."""
        count = []
        db.set_progress_handler(lambda: count.append(1) and None, 100)
        rows = db.execute(sql, values).fetchall()
        db.set_progress_handler(None, 100)
        return rows, len(count)

    def test_a_row_costs_what_it_is_made_of(self):
        """A status is worked out once, however many of its columns are asked for; whether a conversation's day is whole is looked up."""
        with contextlib.closing(self.copied()) as db:
            rows, took = self.steps(db, "SELECT * FROM v_agent_state")
            self.assertLess(took, 1.3 * len(rows))
            sql = (ROOT / "queries" / "agent_status.sql").read_text(encoding="utf-8")
            self.assertLess(self.steps(db, sql, {"from": self.START, "to": "2025-12-31", "agent": None})[1], 1.8 * len(rows))
            db.execute("UPDATE extract_window SET window_start = '2025-04-01' WHERE stream = 'conversations' AND window_start < '2025-10-24'")
            one, all_of_them = (self.steps(db, f"SELECT conversation_id, whole FROM v_conversation LIMIT {n}") for n in (1, -1))
            self.assertLess(all_of_them[1] - one[1], 2 * len(all_of_them[0]))

    def test_agents_days_are_the_sums_of_their_statuses(self):
        """Of those too that overlap, lie apart, end before they begin, do not end or say nothing."""
        def asked(columns):
            return ", ".join(f"round(total(CASE WHEN kind = '{kind}' AND status {which} THEN seconds END), 3)" for kind, which in columns)

        columns = [("presence", "<> 'OFFLINE'"), ("presence", "= 'ON_QUEUE'"), ("routing", "= 'INTERACTING'"),
                   ("routing", "= 'COMMUNICATING'"), ("routing", "= 'IDLE'"), ("routing", "= 'NOT_RESPONDING'")]
        with contextlib.closing(self.copied()) as db:
            for table, status in (("user_presence", "system_presence"), ("user_routing_status", "routing_status")):
                db.execute(f"""UPDATE {table} SET {status} = CASE WHEN rowno % 11 THEN {status} END, end_time = CASE rowno % 5
                    WHEN 0 THEN strftime('%Y-%m-%dT%H:%M:%fZ', end_time, (rowno % 7 * 500 - 1500) || ' seconds')
                    WHEN 1 THEN NULL ELSE end_time END
                    FROM (SELECT user_id AS u, start_time AS t, row_number() OVER (ORDER BY user_id, start_time) AS rowno FROM {table})
                    WHERE user_id = u AND start_time = t""")
            times = ", ".join(f"ifnull({name}_seconds, 0)" for name in (
                "logged_in", "on_queue", "interacting", "communicating", "idle", "not_responding"))
            stored = db.execute(f"SELECT day, user_id, {times} FROM v_agent_day ORDER BY day, user_id").fetchall()
            summed = db.execute(f"SELECT day, user_id, {asked(columns)} FROM v_agent_state GROUP BY day, user_id").fetchall()
            self.assertEqual([r for r in stored if any(r[2:])], [r for r in summed if any(r[2:])])
            self.assertGreater(len(stored), 40)

    def test_a_day_is_looked_up(self):
        """Statuses, figures and shifts of two hundred days more make a day of a view no dearer, in the machine's steps."""
        db = self.copied()

        def steps(view):
            return self.steps(db, f"SELECT * FROM {view} WHERE day = '2025-10-26'")

        views = ("v_agent_state", "v_agent_day", "v_adherence_day", "v_schedule_day")
        before = {view: steps(view) for view in views}
        for table, moved in self.EARLIER.items():
            columns = [r[1] for r in db.execute(f"PRAGMA table_info({table})")]
            change = {c: f"-{c} * 1000 - :n" if c.endswith("_key") else f"{c} || :n" if c.endswith("_id") else
                      f"date({c}, -:n || ' days')" if c == "business_day" else
                      f"strftime('%Y-%m-%dT%H:%M:%fZ', {c}, -:n || ' days')" for c in moved}
            db.execute(f"CREATE TEMP TABLE told AS SELECT * FROM {table}")
            for n in range(28, 210, 7):
                db.execute(f"INSERT OR IGNORE INTO {table} SELECT {', '.join(change.get(c, c) for c in columns)} FROM told", {"n": n})
            db.execute("DROP TABLE told")
        db.execute("UPDATE extract_window SET window_start = '2025-04-01' WHERE stream = 'user_status' AND window_start < '2025-10-24'")
        self.assertGreater(db.execute("SELECT count(DISTINCT substr(start_time, 1, 10)) FROM user_presence").fetchone()[0], 150)
        for view in views:
            rows, dear = steps(view)
            self.assertEqual(rows, before[view][0], view)
            self.assertLess(dear, 1.5 * before[view][1] + 20, view)
        db.close()


for number, world in enumerate(WORLDS):
    kinds = (LongDay,) if number == 0 else ()
    globals()[f"World{number}"] = type(f"World{number}", (*kinds, AgentDays, TestCase), dict(zip(("ZONE", "START", "SEED", "CALLS"), world)))
