"""Historical adherence: units with days of their own zones, several in a report, agents who move between units; compared
with rows made here from the files that were served. ROLLCALL_PROOF_SEED chooses what these say."""
import datetime
import itertools
import json
import os
import random
import unittest
import unittest.mock
import urllib.request

import harness
from harness import canonical, iso, killed, midnight, snake, utc

BULK = "/api/v2/workforcemanagement/adherence/historical/bulk"
UNITS = "/api/v2/workforcemanagement/managementunits"
START = "2026-03-28"
UNTIL = "2026-03-31T16:00:00Z"  # Berlin has changed its clocks
NEXT = "2026-04-01T16:00:00Z"
TABLES = ("adherence_day", "adherence_exception", "adherence_actual", "adherence_period")
SEED = int(os.environ.get("ROLLCALL_PROOF_SEED") or random.SystemRandom().randrange(10**6))
LOOKUP = {str(n): f"0000000{n}-0000-4000-8000-000000000001" for n in range(1, 5)}
print(f"seed {SEED}")


class World:
    """Units (id: zone), who is in them, and what a file says of an agent's day."""

    def __init__(self, zones, users=3):
        self.units = {f"{n}0000000-0000-4000-8000-00000000000{n}": zone for n, zone in enumerate(zones, 1)}
        ids = iter(f"{n:08x}-0000-4000-8000-0000000000ff" for n in range(1, 1000))
        self.members = {unit: [next(ids) for _ in range(users)] for unit in self.units}
        self.reports = {unit: list(users) for unit, users in self.members.items()}
        self.version = {}  # of a unit: its figures are others
        self.parts = lambda results: [results]  # one for each file of a report
        self.days = [datetime.date.fromisoformat(START) + datetime.timedelta(days=n) for n in range(-2, 7)]

    def result(self, unit, day, user):
        r = random.Random(f"{SEED} {self.version.get(unit, unit)} {day} {user}")
        cuts = sorted(r.sample(range(0, 90000, 60), 6))

        def pieces(count):
            return [{"startOffsetSeconds": a, "endOffsetSeconds": b} for a, b in zip(cuts, cuts[1:])][:count]

        exceptions = [{**p, "scheduledActivityCategory": "Break", "scheduledActivityCodeId": "1", "systemPresence": "Away",
                       "scheduledSecondaryPresenceLookupIds": r.sample(sorted(LOOKUP), 2), "impact": "Negative",
                       "routingStatus": "IDLE", **({"secondaryPresenceLookupId": "2"} if r.random() < 0.5 else {})}
                      for p in pieces(r.randrange(4))]
        metrics = {name + "Seconds": r.randrange(30000) for name in
                   ("adherenceSchedule", "conformanceSchedule", "conformanceActual", "exceptionDuration", "scheduleLength",
                    "actualLength")}
        return {"userId": user, "adherencePercentage": r.randrange(10000) / 100, "conformancePercentage": 101.5,
                "impact": "Negative", "exceptionInfo": exceptions,
                "actuals": [{**p, "actualActivityCategory": "Meal", "actualSecondaryPresenceLookupId": r.choice("1234")}
                            for p in pieces(5)],
                "dayMetrics": [{"dayStartOffsetSeconds": 0, **metrics, "impactSeconds": -r.randrange(99),
                                "exceptionCount": len(exceptions), "adherencePercentage": r.randrange(10000) / 100}]}

    def file(self, unit, day, zone=None):
        zone = zone or self.units[unit]
        return {"managementUnitId": unit, "startDate": iso(midnight(day, zone)), "lookupIdToSecondaryPresenceId": LOOKUP,
                "endDate": iso(midnight(day + datetime.timedelta(days=1), zone)),
                "userResults": [self.result(unit, day, user) for user in self.reports[unit]]}

    def serve(self, server, zone=None):
        units = [{"id": u, "name": u[0], "timeZone": z, "businessUnit": {"id": "b" + u[1:], "selfUri": "/x"}}
                 for u, z in self.units.items()]
        files = [self.file(unit, day, zone) for unit in self.units for day in self.days if self.reports[unit]]
        files = [{**f, "userResults": part} for f in files for part in self.parts(f["userResults"])]
        lists = {UNITS: {"entities": units}, **{f"{UNITS}/{unit}/users": {"entities": [{"id": one} for one in users]}
                                                for unit, users in self.members.items()}}
        body = json.dumps({"lists": lists, "adherence": files}).encode()
        with urllib.request.urlopen(urllib.request.Request(server.url + "/standin/proof", data=body), timeout=60):
            pass

    def expected(self, until, units=None, of=lambda unit, day, user: True, zone=None):
        """Of each day that is over, and that touches what is asked for, what the unit says that the agent is in."""
        tables = {table: [] for table in TABLES}
        for unit, day in itertools.product(units or self.units, self.days):
            its = zone or self.units[unit]
            start, end = midnight(day, its), midnight(day + datetime.timedelta(days=1), its)
            if end > utc(until) or end <= midnight(datetime.date.fromisoformat(START), "Europe/Berlin"):
                continue
            for user in self.reports[unit]:
                if of(unit, day, user):
                    self.add(tables, self.result(unit, day, user), start, end, {
                        "management_unit_id": unit, "user_id": user, "business_day": str(day), "time_zone": its})
        return tables

    def add(self, tables, result, start, end, who):
        def row(values):
            return {**who, "business_unit_id": "b" + who["management_unit_id"][1:], **{snake(k): v for k, v in values.items()}}

        def at(item, name):
            return {name + "Time": iso(start + datetime.timedelta(seconds=item[name + "OffsetSeconds"]))}

        metrics = result["dayMetrics"][0]
        tables["adherence_day"].append(row({**metrics, **at(metrics, "dayStart")}))
        tables["adherence_period"].append(row({
            "rangeStart": iso(start), "rangeEnd": iso(end),
            **{k: result[k] for k in ("adherencePercentage", "conformancePercentage", "impact")}}))
        for n, item in enumerate(result["exceptionInfo"]):
            what = {k.replace("Lookup", ""): v for k, v in item.items() if "Lookup" not in k}
            what["scheduledSecondaryPresenceIds"] = json.dumps([LOOKUP[i] for i in item["scheduledSecondaryPresenceLookupIds"]])
            if "secondaryPresenceLookupId" in item:
                what["secondaryPresenceId"] = LOOKUP[item["secondaryPresenceLookupId"]]
            tables["adherence_exception"].append(row({"exceptionNo": n, **what, **at(item, "start"), **at(item, "end")}))
        for n, item in enumerate(result["actuals"]):
            what = {k: v for k, v in item.items() if "Lookup" not in k}
            what["actualSecondaryPresenceId"] = LOOKUP[item["actualSecondaryPresenceLookupId"]]
            tables["adherence_actual"].append(row({"actualNo": n, **what, **at(item, "start"), **at(item, "end")}))


def stored(site, table):
    return [{k: json.dumps(json.loads(v)) if k.endswith("_ids") else v for k, v in dict(r).items()
             if v is not None and k not in ("adherence_day_key", "left_unit_at") and not k.startswith("row_")}
            for r in site.query(f"SELECT * FROM {table}")]


class TestCase(harness.TestCase):
    def begin(self, zones, **options):
        world = World(zones)
        server = self.standin(start=START, days=4, per_day=5, agents=5, now=UNTIL, job_polls=1, **options)
        world.serve(server)
        return world, server, self.new_site(server)

    def new_site(self, server, **sections):
        site = self.site(server.url, start=START, timezone="Europe/Berlin")
        site.set(extract={"streams": "adherence_historical"}, **sections)
        return site

    def extract(self, site, until=UNTIL, code=0, **options):
        return self.ok(site.run("extract", "--until", until, **options), code)

    def again(self, server, site, world, until=NEXT, code=0, **options):
        """The next night; lists are read anew."""
        world.serve(server)
        server.control(now=until)
        site.change("UPDATE window_pass SET read_at = '2026-01-01T00:00:00.000Z' WHERE pass = 'list'")
        return self.extract(site, until, code, **options)

    def check(self, site, tables):
        harness.same_rows(self, tables, {table: stored(site, table) for table in tables})

    def asked(self, server, route="POST " + BULK):
        return server.requests()["routes"].get(route, 0)


ZONES = ("Europe/Berlin", "Europe/Berlin", "America/New_York", "Europe/Berlin")


class Served(TestCase):
    def test_rows_equal_the_files(self):
        world, server, site = self.begin(ZONES)
        world.reports[list(world.units)[1]] = []  # nobody is in it
        world.serve(server)
        self.extract(site)
        self.check(site, world.expected(UNTIL))
        for table in ("unknown_field", "data_problem", "reading_seen"):
            self.assertEqual(site.value(f"SELECT count(*) FROM {table}"), 0, table)
        # The order in which days came, which the file's own numbers tell, is not seen in CSV files.
        before = harness.csv_bytes(site.export())
        site.change("".join(f"UPDATE {table} SET adherence_day_key = -adherence_day_key;" for table in TABLES if table != "adherence_period"))
        self.assertEqual(harness.csv_bytes(site.export()), before)
        self.assertEqual(self.asked(server), 3 + 4)  # days of Berlin, with those of three units, and of New York
        spans = site.query("SELECT DISTINCT strftime('%s', range_end) - strftime('%s', range_start) FROM adherence_period")
        self.assertEqual({r[0] for r in spans}, {23 * 3600, 24 * 3600})
        days = site.query("SELECT day FROM freshness WHERE stream = 'adherence_historical' AND whole")
        self.assertEqual([r[0] for r in days], ["2026-03-28", "2026-03-29", "2026-03-30"])
        self.extract(site)
        self.assertEqual(self.asked(server), 7)

    def test_days_of_25_hours_and_of_two_years(self):
        for start, until, hours in (("2024-10-26", "2024-10-29T16:00:00Z", {24, 25}), ("2024-12-30", "2025-01-03T16:00:00Z", {24})):
            with self.subTest(start), unittest.mock.patch.dict(globals(), START=start, UNTIL=until):
                world, server, site = self.begin(ZONES[1:3])
                self.extract(site, until)
                self.check(site, world.expected(until))
                lasted = site.query("SELECT DISTINCT CAST(round((julianday(range_end) - julianday(range_start)) * 24) AS INTEGER) "
                                    "FROM adherence_period")
                self.assertEqual({r[0] for r in lasted}, hours)

    def test_a_report_that_is_there_at_once(self):
        world, server, site = self.begin(ZONES, faults=["complete-at-once"])
        self.extract(site)
        self.check(site, world.expected(UNTIL))
        self.assertEqual(self.asked(server, f"GET {BULK}/jobs/{{id}}"), 0)

    def test_a_report_in_several_files_and_one_that_names_none(self):
        def none(path, answer):
            job = json.loads(answer) if "/bulk/jobs/" in path else {}
            done = job.get("job", {}).get("status") == "Complete"
            return json.dumps({"downloadUrls": [], **job}).encode() if done else answer

        world, server, site = self.begin(ZONES)
        world.parts = lambda results: [results[:2], results[2:]]
        world.reports[list(world.units)[1]] = []
        world.serve(server)
        site.set(genesys={"api_url": self.rewriting(server.url, edit=none)})
        self.extract(site)
        self.check(site, world.expected(UNTIL))

    def test_business_days_for_all(self):
        """What a day is does not change unasked."""
        world, server, site = self.begin(ZONES)
        self.extract(site)
        site.set(adherence={"day": "extract"})
        self.assertIn("--rezone", self.extract(site, code=3).stderr)
        world.serve(server, "Europe/Berlin")
        self.ok(site.run("extract", "--until", UNTIL, "--rezone"))
        fresh = self.new_site(server, adherence={"day": "extract"})
        self.extract(fresh)
        wanted = world.expected(UNTIL, zone="Europe/Berlin")
        self.check(fresh, wanted)
        have = [r for r in stored(site, "adherence_day") if r["business_day"] >= START]
        self.assertEqual(canonical(have), canonical(wanted["adherence_day"]))

    def test_an_unknown_zone_is_its_units_trouble(self):
        world, server, site = self.begin(ZONES)
        odd = list(world.units)[0]
        world.units[odd] = "Mars/Olympus"
        world.serve(server, "Europe/Berlin")
        self.assertRegex(self.extract(site, code=11).stderr, odd + ".*Mars/Olympus")
        self.assertEqual({r[0] for r in site.query("SELECT DISTINCT management_unit_id FROM adherence_day")},
                         set(list(world.units)[1:]))

    def test_a_unit_whose_zone_changes(self):
        """All that is stored of it is of the new days, whether or not the figures are the same."""
        world, server, site = self.begin(ZONES)
        self.extract(site)
        world.units[list(world.units)[2]] = "Europe/Berlin"
        self.again(server, site, world)
        for table, rows in world.expected(NEXT).items():
            want, have = ([r for r in some if r["business_day"] >= START] for some in (rows, stored(site, table)))
            self.assertEqual(canonical(want), canonical(have), table)


class Moved(TestCase):
    """A user moves from one unit to another, whichever of the two is read first."""

    def moved(self, first, second, zones=ZONES):
        world, server, site = self.begin(zones)
        old, new = list(world.units)[first], list(world.units)[second]
        user = world.members[old][0]
        self.extract(site)
        world.members[old].remove(user)
        world.members[new].append(user)
        return world, server, site, old, new, user

    def test_her_new_unit_reports_her_past(self):
        for first, second in ((0, 2), (2, 0)):
            with self.subTest(first=first, second=second):
                world, server, site, old, new, user = self.moved(first, second)
                world.reports[old].remove(user)
                world.reports[new].append(user)
                self.again(server, site, world)
                left = "business_day < '2026-03-28'" if first == 2 else "0"  # a day that the new unit was not asked for
                self.assertEqual(site.value(f"SELECT count(*) FROM adherence_day WHERE left_unit_at IS NOT NULL <> ({left} AND "
                                            "user_id = ?)", user), 0)
                for table, rows in world.expected(NEXT).items():
                    want, have = ([r for r in some if r["business_day"] >= START] for some in (rows, stored(site, table)))
                    self.assertEqual(canonical(want), canonical(have), table)
                self.assertGreater(site.value("SELECT count(*) FROM adherence_change WHERE user_id = ? AND field = "
                                              "'management_unit_id' AND new_value = ?", user, new), 0)

    def test_both_report_a_day(self):
        for first, second in ((0, 1), (1, 0)):
            with self.subTest(first=first, second=second):
                world, server, site, old, new, user = self.moved(first, second, ("Europe/Berlin",) * 3)
                world.reports[new].append(user)
                self.again(server, site, world)
                self.check(site, world.expected(NEXT, of=lambda unit, _, u: u != user or unit == new))
                self.extract(site, NEXT)
                self.check(site, world.expected(NEXT, of=lambda unit, _, u: u != user or unit == new))

    def test_two_first_readings_are_no_change(self):
        for first, second in ((0, 1), (1, 0)):
            world = World(("Europe/Berlin",) * 2)
            world.reports[list(world.units)[first]].append(world.members[list(world.units)[second]][0])
            server = self.standin(start=START, days=4, per_day=5, agents=5, now=UNTIL, job_polls=1)
            world.serve(server)
            site = self.new_site(server)
            self.extract(site)
            self.assertEqual(site.value("SELECT count(*) FROM adherence_change"), 0)

    def test_a_unit_that_is_deleted_holds_no_rows(self):
        """Though nobody lists its agents elsewhere, and its id is the higher one."""
        world, server, site = self.begin(("Europe/Berlin",) * 2)
        kept, gone = world.units
        self.extract(site)
        user = world.reports[gone][0]
        del world.units[gone]
        world.reports[kept].append(user)
        self.again(server, site, world)
        self.assertEqual(site.value("SELECT count(*) FROM adherence_day WHERE user_id = ? AND management_unit_id <> ?", user, kept), 0)

    def test_one_who_has_left_keeps_her_rows(self):
        world, server, site = self.begin(ZONES)
        unit = list(world.units)[0]
        user = world.members[unit][0]
        self.extract(site)
        before = len(site.query("SELECT * FROM adherence_day WHERE user_id = ?", user))
        for members in (world.members, world.reports):
            members[unit].remove(user)
        self.again(server, site, world)
        rows = site.query("SELECT * FROM adherence_day WHERE user_id = ?", user)
        self.assertEqual((len(rows), sum(r["left_unit_at"] is not None for r in rows)), (before, before))
        others = "SELECT count(*) FROM adherence_day WHERE user_id <> ? AND left_unit_at IS NOT NULL"
        self.assertEqual(site.value(others, user), 0)
        world.reports[unit].append(user)
        self.again(server, site, world, "2026-04-02T16:00:00Z")
        self.assertEqual(site.value("SELECT count(*) FROM adherence_day WHERE left_unit_at IS NOT NULL"), 0)
        self.check(site, world.expected("2026-04-02T16:00:00Z"))


class Killed(TestCase):
    def test_a_report_goes_on_with_all_its_units(self):
        """Those that share a report are taken together again."""
        _, server, site = self.begin(("Europe/Berlin",) * 4)
        log = site.steps("extract", "--until", UNTIL)
        first = self.asked(server)
        self.assertEqual(first, 3)
        server.control(reset_requests=True)
        other = self.new_site(server)
        step = max(n for n, name in enumerate(log, 1) if name == "answer")
        self.assertTrue(killed(other.run("extract", "--until", UNTIL, env={"ROLLCALL_KILL_STEP": step})))
        self.extract(other)
        self.assertEqual(self.asked(server), 3)


class Trouble(TestCase):
    def whole_days(self, site):
        return site.value("SELECT count(*) FROM freshness WHERE stream = 'adherence_historical' AND whole AND utc_to <= ?", UNTIL)

    def trouble(self, fault, code=11, env=None):
        """One unit's: the others' rows are whole, and the next night brings all."""
        world, server, site = self.begin(ZONES)
        unit = list(world.units)[0]
        server.control(faults=[f.format(unit=unit) for f in fault])
        result = self.extract(site, code=code, env=env)
        if code:
            self.check(site, world.expected(UNTIL, units=list(world.units)[1:]))
            failed = site.query("SELECT DISTINCT scope FROM extract_window WHERE failures > 0")
            self.assertEqual([r[0] for r in failed], [unit])
            self.assertIn(unit, result.stderr)
            self.assertEqual(self.whole_days(site), 0)
            server.control(faults=[])
            self.extract(site)
        self.check(site, world.expected(UNTIL))
        self.assertEqual(self.whole_days(site), 3)
        return server, site

    def test_a_report_that_fails(self):
        self.trouble(["job-fail:has={unit}"])

    def test_one_that_failed_is_asked_apart_the_next_night(self):
        world, server, site = self.begin(ZONES)
        bad = list(world.units)[0]
        server.control(faults=[f"job-fail:has={bad}"])
        self.extract(site, code=11)
        server.control(reset_requests=True)
        self.again(server, site, world, code=11)
        tries = 4  # of a job that fails
        self.assertEqual(self.asked(server), 4 + 4 * tries + 5)  # days of the sound ones, of the other, of New York
        self.check(site, world.expected(NEXT, units=list(world.units)[1:]))

    def test_one_whose_report_never_ends_does_not_hold_up_the_others(self):
        world, server, site = self.begin(ZONES)
        bad = list(world.units)[0]
        server.control(faults=[f"job-pending:has={bad}"])
        patience = {"ROLLCALL_LIMIT_JOB_WAIT_MS": 1000}
        self.extract(site, code=11, env=patience)
        self.again(server, site, world, code=11, env=patience)
        later = "2026-04-02T16:00:00Z"
        self.again(server, site, world, later, code=11, env=patience)
        self.check(site, world.expected(later, units=list(world.units)[1:]))

    def test_a_unit_whose_list_entry_goes_and_returns(self):
        """Nobody has said that her unit lacks her."""
        world, server, site = self.begin(ZONES)
        units = dict(world.units)
        self.extract(site)
        del world.units[list(units)[0]]
        self.again(server, site, world)
        self.assertEqual(site.value("SELECT count(*) FROM adherence_day WHERE left_unit_at IS NOT NULL"), 0)

    def test_a_unit_that_is_refused_everywhere(self):
        self.trouble([f"4xx:status=403,path={BULK},has={{unit}}",
                      "4xx:status=403,path=%s/{unit}/historical" % UNITS])

    def test_fewer_at_a_time(self):
        server, _ = self.trouble(["too-many-items:most=1"], 0)
        self.assertLessEqual(self.asked(server), 3 + 3 * 3 + 4)

    def test_ten_at_a_time_and_half_as_many_where_that_is_refused(self):
        world, server, site = self.begin(ZONES[:1] * 10, faults=["too-many-items:most=3"])
        asked = []
        site.set(extract={"in_flight": "1"}, genesys={"api_url": self.rewriting(server.url, lambda _, path, body: asked.append(
            body.count(b"managementUnitId")) if path == BULK else None)})
        self.extract(site)
        self.check(site, world.expected(UNTIL))
        self.assertEqual(list(dict.fromkeys(asked)), [10, 5, 2], asked)

    def test_a_download_that_has_expired(self):
        self.trouble(["4xx:status=403,path=/downloads/,times=2", "4xx:status=404,path=/downloads/{unit},n=2"], 0)

    def test_a_download_that_is_cut(self):
        self.trouble(["truncated-json:path=/downloads/{unit},times=1"], 0)

    def test_a_unit_that_only_the_older_query_is_granted_for(self):
        server, _ = self.trouble([f"4xx:status=403,path={BULK},has={{unit}}"], 0)
        self.assertEqual(self.asked(server, f"POST {UNITS}/{{id}}/historicaladherencequery"), 3)

    def test_the_older_query_for_all(self):
        for refusal in ("4xx:status=403,path=" + BULK, "4xx:status=404,path=" + BULK):
            with self.subTest(refusal):
                server, _ = self.trouble([refusal], 0)
                self.assertLessEqual(self.asked(server), 16)

    def test_the_older_query_that_never_ends(self):
        _, server, site = self.begin(ZONES[:1])
        server.control(faults=["4xx:status=404,path=" + BULK, "job-pending"])
        said = self.extract(site, code=7, env={"ROLLCALL_LIMIT_JOB_WAIT_MS": 1000})
        self.assertIn("not done", said.stderr)
