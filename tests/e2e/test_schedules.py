"""Published schedules and adherence explanations, whose answers come in several ways: what is stored equals a reading of
one's own, whichever way, however often killed; what is corrected, moves or comes late is there by the next nights.

ROLLCALL_SCHEDULES_SEED chooses the steps at which runs are killed.
"""
import collections
import datetime
import json
import os
import random
import unittest

from harness import FULL, Api, TestCase, killed

ZONE = "Australia/Sydney"  # midnight lies within shifts
START = "2026-04-02"
NOW = "2026-04-07T06:00:00Z"  # summer time ended on the 5th
WFM = "/api/v2/workforcemanagement/"
SEARCH = WFM + "managementunits/*/agentschedules/search"
QUERY = WFM + "businessunits/*/adherence/explanations/query"
STREAMS = ("schedules", "adherence_explanation")
TABLES = ("schedule_shift", "schedule_activity", "schedule_time_off", "adherence_explanation")
SEED = int(os.environ.get("ROLLCALL_SCHEDULES_SEED") or random.SystemRandom().randrange(10**6))
print(f"seed {SEED}")


def later(moment, **delta):
    return (datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")) + datetime.timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Reading(Api):
    """Takes an answer in whatever way it comes."""

    def __init__(self, url):
        super().__init__(url)
        self.ways = collections.Counter()

    def whole(self, path, body):
        way = []
        answer = self.ask(path, body)
        while True:
            if answer.get("downloadUrl"):
                self.ways[" ".join(way + ["url"])] += 1
                return self.ask(answer["downloadUrl"], token=False)
            if answer.get("result"):
                self.ways[" ".join(way + ["inline"])] += 1
                return answer["result"]
            if answer.get("job"):
                way.append("job")
                answer = self.ask(WFM + "adherence/explanations/jobs/" + answer["job"]["id"])
            elif way[-1:] == ["job"]:
                answer = self.ask(WFM + "adherence/explanations/jobs/" + answer["id"])
            else:
                way += [] if way else ["again"]
                answer = self.ask(path, body)

    def units(self, kind):
        return [unit["id"] for unit in self.ask(WFM + kind)["entities"]]


def expected(reading, since, until, ahead):
    """Tables as they should be when all between `since` and `ahead` was read at once."""
    rows = {table: set() for table in TABLES}
    for unit in reading.units("managementunits"):
        found = reading.whole(SEARCH.replace("*", unit), {"startDate": since, "endDate": ahead})
        for agent in found["agentSchedules"]:
            user = agent["user"]["id"]
            for shift in agent["shifts"]:
                if not since <= shift["startDate"] < ahead:
                    continue
                rows["schedule_shift"].add((shift["id"], unit, user, shift["startDate"], shift["lengthMinutes"],
                                            shift.get("manuallyEdited"), shift["schedule"]["id"], shift["schedule"]["weekDate"],
                                            shift.get("workPlanId"), found["businessUnitTimeZone"]))
                for no, a in enumerate(shift["activities"]):
                    rows["schedule_activity"].add((shift["id"], no, unit, user, a["activityCodeId"], a["startDate"],
                                                   a["lengthMinutes"], a["description"], a["paid"], a.get("payableMinutes"),
                                                   a.get("externalActivityType"), a.get("timeOffRequestId")))
            for day in agent["fullDayTimeOffMarkers"]:
                rows["schedule_time_off"].add((user, day["businessUnitDate"], day["activityCodeId"], day.get("timeOffRequestId", ""),
                                               unit, day["lengthMinutes"], day["paid"], day.get("timeOffRequestSyncVersion")))
    for unit in reading.units("businessunits"):
        for e in reading.whole(QUERY.replace("*", unit), {"startDate": since, "endDate": until})["entities"]:
            if since <= e["startDate"] < until:
                rows["adherence_explanation"].add((e["id"], e["agent"]["id"], e["startDate"], e["lengthMinutes"], e["type"],
                                                   e["status"], e.get("notes"), e["managementUnit"]["id"], unit,
                                                   e.get("reviewedBy", {}).get("id"), e.get("reviewedDate")))
    return rows


def stored(site):
    columns = {
        "schedule_shift": "shift_id, management_unit_id, user_id, start_date, length_minutes, manually_edited, schedule_id, "
                          "schedule_week_date, work_plan_id, business_unit_time_zone",
        "schedule_activity": "shift_id, activity_no, management_unit_id, user_id, activity_code_id, start_date, length_minutes, "
                             "description, paid, payable_minutes, external_activity_type, time_off_request_id",
        "schedule_time_off": "user_id, business_unit_date, activity_code_id, time_off_request_id, management_unit_id, "
                             "length_minutes, paid, time_off_request_sync_version",
        "adherence_explanation": "adherence_explanation_id, agent_id, start_date, length_minutes, type, status, notes, "
                                 "management_unit_id, business_unit_id, reviewed_by_id, reviewed_date"}
    return {table: [tuple(r) for r in site.query(f"SELECT {columns[table]} FROM {table}")] for table in TABLES}


class Schedules(TestCase):
    def begin(self, now=NOW, **options):
        server = self.standin(now=now, start=START, days=3, per_day=5, agents=12, job_polls=1, **options)
        return server, self.new_site(server)

    def new_site(self, server):
        return self.site(server.url, start=START, timezone=ZONE, extract={"streams": ", ".join(STREAMS), "lookback_days": 20})

    def extract(self, site, now=NOW, code=0, **options):
        return self.ok(site.extract("--until", now, **options), code)

    def ahead(self, site):
        return site.value("SELECT max(window_end) FROM extract_window WHERE stream = 'schedules'")

    def compare(self, server, site, now=NOW):
        wanted = expected(Reading(server.url), site.value("SELECT min(window_start) FROM extract_window WHERE stream = 'schedules'"),
                          now.replace("Z", ".000Z"), self.ahead(site))
        since = site.value("SELECT min(window_start) FROM extract_window WHERE stream = 'adherence_explanation'")
        wanted["adherence_explanation"] = {r for r in wanted["adherence_explanation"] if r[2] >= since}
        for table, rows in stored(site).items():
            self.same(table, rows, [tuple(int(v) if isinstance(v, bool) else v for v in row) for row in wanted[table]])
            self.assertTrue(rows, table)

    def same(self, table, rows, wanted):
        """Short where they are not: the rows are many."""
        self.assertEqual(len(rows), len(wanted), table)
        for a, b in zip(sorted(rows, key=str), sorted(wanted, key=str)):
            self.assertEqual(a, b, table)

    def test_equals_a_reading_of_ones_own_and_is_read_daily(self):
        server, site = self.begin()
        self.extract(site)
        self.compare(server, site)
        for table in ("unknown_field", "data_problem"):
            self.assertEqual([tuple(r) for r in site.query(f"SELECT * FROM {table}")], [])
        for table in TABLES:
            for column in site.query("SELECT name FROM pragma_table_info(?)", table):
                self.assertTrue(site.query(f"SELECT 1 FROM {table} WHERE {column[0]} <> '' LIMIT 1"), (table, column[0]))
        self.assertGreaterEqual(self.ahead(site), later(NOW, days=14))
        # every way an answer comes, a unit without anybody, shifts that pass a window's end
        routes = server.requests()["routes"]
        self.assertGreater(routes["GET /wfm-downloads/{id}"], 0)
        self.assertGreater(routes["GET " + WFM + "adherence/explanations/jobs/{id}"], 0)
        windows = site.value("SELECT count(*) FROM extract_window WHERE stream = 'schedules'")
        self.assertGreater(routes["POST " + SEARCH.replace("*", "{id}")], windows)
        ways = Reading(server.url)
        for w in site.query("SELECT scope, window_start, window_end FROM extract_window WHERE stream = 'schedules'"):
            ways.whole(SEARCH.replace("*", w[0]), {"startDate": w[1], "endDate": w[2]})
        self.assertEqual(set(ways.ways), {"inline", "url", "again inline", "again url"})
        self.assertGreater(site.value("SELECT count(*) FROM extract_window AS w WHERE stream = 'schedules' AND NOT EXISTS "
                                      "(SELECT 1 FROM schedule_shift WHERE management_unit_id = scope)"), 0)
        self.assertGreater(site.value("SELECT count(*) FROM schedule_shift JOIN extract_window ON stream = 'schedules' AND "
                                      "start_date < window_end AND julianday(start_date) + length_minutes / 1440.0 > "
                                      "julianday(window_end)"), 0)
        # the same again: nothing is asked; the next night: all of the lookback and of what is to come
        server.control(reset_requests=True)
        self.extract(site)
        self.assertFalse([r for r in server.requests()["routes"] if "search" in r])
        night = later(NOW, days=1)
        server.control(now=night)
        self.extract(site, night)
        self.compare(server, site, night)
        self.assertGreater(site.value("SELECT rows_changed FROM run ORDER BY run_id DESC LIMIT 1"), 0)

    def test_nights_end_as_one(self):
        """Shifts are moved, corrected and taken back, agents change units, explanations come late and are reviewed."""
        now = "2026-04-03T06:00:00Z"
        server, site = self.begin(now)
        units = {}
        moved = 0
        for night in range(8):
            now = later("2026-04-03T06:00:00Z", days=night)
            server.control(now=now)
            self.extract(site, now)
            seen = dict(tuple(r) for r in site.query("SELECT shift_id, management_unit_id FROM schedule_shift"))
            moved += sum(units.get(shift, unit) != unit for shift, unit in seen.items())
            units = seen
        self.compare(server, site, now)
        self.assertGreater(moved, 0)
        self.assertGreater(site.value("SELECT count(*) FROM schedule_shift WHERE manually_edited"), 0)
        self.assertGreater(site.value("SELECT count(DISTINCT status) FROM adherence_explanation"), 2)

    def test_killed_at_every_step_equals_uninterrupted(self):
        server, site = self.begin()
        steps = len(site.steps("extract", "--until", NOW))
        chosen = range(1, steps + 1) if FULL else random.Random(SEED).sample(range(1, steps + 1), 6)
        for step in chosen:
            with self.subTest(step=step, seed=SEED):
                other = self.new_site(server)
                result = other.extract("--until", NOW, env={"ROLLCALL_KILL_STEP": step})
                # how many steps a run takes depends on when answers come
                self.assertTrue(killed(result) or (result.returncode == 0 and step > steps * 0.9), result.stderr)
                self.extract(other)
                wanted = stored(site)
                for table, rows in stored(other).items():
                    self.same(table, rows, wanted[table])
                self.extract(other)
                self.assertEqual(other.value("SELECT rows_new + rows_changed FROM run ORDER BY run_id DESC LIMIT 1"), 0)

    def test_what_is_never_done_leaves_its_window_open(self):
        server, site = self.begin()
        unit = Reading(server.url).units("managementunits")[0]
        site.env["ROLLCALL_LIMIT_ASKS"] = "4"
        server.control(faults=[f"job-slow:path={SEARCH.replace('*', unit)}"])
        result = self.extract(site, code=11)
        self.assertIn("still under way (limit ASKS)", result.stderr)
        self.assertEqual(site.value("SELECT count(*) FROM schedule_shift WHERE management_unit_id = ?", unit), 0)
        self.assertEqual([tuple(r) for r in site.query("SELECT DISTINCT scope FROM extract_window WHERE stream = 'schedules' AND "
                                                       "complete_to IS NULL")], [(unit,)])
        server.control(faults=[f"job-slow:path={SEARCH}"])
        self.ok(site.extract("--stream", "schedules", "--until", later(NOW, hours=21)), 7)
        server.control(faults=[f"job-slow:path={WFM}adherence/explanations/jobs"])
        site.env["ROLLCALL_LIMIT_JOB_WAIT_MS"] = "1000"
        self.ok(self.new_site(server).extract("--stream", "adherence_explanation", "--until", NOW, env=site.env), 11)
        server.control(faults=[])
        self.extract(site)
        self.compare(server, site)

    def test_trouble(self):
        downloads = "path=/wfm-downloads/"
        # all may meet one window, which may be asked for anew three times (limit JOB_RESUBMITS)
        for faults in ([f"4xx:status=403,times=1,{downloads}", f"job-fail:times=2,path={SEARCH}"],
                       [f"5xx:times=1,{downloads}", f"4xx:status=404,times=1,{downloads}", f"job-fail:times=1,path={WFM}adherence"]):
            with self.subTest(faults):
                server, site = self.begin()
                server.control(faults=faults)
                self.extract(site)
                self.compare(server, site)


if __name__ == "__main__":
    unittest.main()
