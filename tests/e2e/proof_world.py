"""The invented reports of tests/proof's stream, and a second opinion on the rows that they become."""
import datetime
import json
import random
import urllib.request
import zoneinfo

from harness import canonical, fields

UTC = datetime.timezone.utc
ZONE = "Europe/Berlin"
STATUSES = ("OFF_QUEUE", "IDLE", "INTERACTING", "NOT_RESPONDING", "COMMUNICATING")
CATEGORIES = ("OnQueueWork", "Break", "Meal", "Meeting", "Unavailable")


def iso(moment):
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def day_start(day):
    """The first instant of a business day, `day` being a date."""
    return datetime.datetime(day.year, day.month, day.day, tzinfo=zoneinfo.ZoneInfo(ZONE)).astimezone(UTC)


def utc(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class World:
    """What the stand-in serves: a function of the seed, which tests then change."""

    def __init__(self, seed=1, start="2026-03-27", days=4, users=7):
        self.random = random.Random(seed)
        self.days = [datetime.date.fromisoformat(start) + datetime.timedelta(days=n) for n in range(days)]
        self.users = [self.uuid() for _ in range(users)]
        self.units = [self.unit(n) for n in range(3)]
        self.full_units = [u["id"] for u in self.units if u["name"] != "Unit 1"]  # nobody is in unit 1
        self.files = [self.file(unit, day) for unit in self.full_units for day in self.days]

    def uuid(self):
        text = f"{self.random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"

    def pick(self, choices):
        return self.random.choice(choices)

    def unit(self, n):
        return {"id": self.uuid(), "name": f"Unit {n}", "businessUnit": {"id": self.uuid(), "selfUri": "/x"},
                "startDayOfWeek": "Monday", "timeZone": ZONE, "division": {"id": self.uuid(), "selfUri": "/y"},
                "selfUri": "/z"}

    def user_result(self, user):
        def offsets(a, b):
            return {"startOffsetSeconds": a, "endOffsetSeconds": b}

        cuts = sorted(self.random.sample(range(0, 82800, 60), 6))
        return {
            "userId": user, "adherencePercentage": self.random.randrange(10000) / 100,
            "conformancePercentage": self.random.randrange(15000) / 100, "impact": "Negative",
            "exceptionInfo": [
                {**offsets(a, b), "scheduledActivityCodeId": "0", "scheduledActivityCategory": self.pick(CATEGORIES),
                 "scheduledSecondaryPresenceLookupIds": [f"{a}", "1"], "actualActivityCategory": self.pick(CATEGORIES),
                 "systemPresence": "Away", "routingStatus": self.pick(STATUSES), "impact": "Negative"}
                for a, b in zip(cuts, cuts[1:])][:self.random.randrange(5)],
            "actuals": [{**offsets(a, b), "actualActivityCategory": self.pick(CATEGORIES)} for a, b in zip(cuts, cuts[1:])],
            "dayMetrics": [{"dayStartOffsetSeconds": 0, "adherenceScheduleSeconds": 28800, "exceptionCount": 3,
                            "exceptionDurationSeconds": cuts[1], "adherencePercentage": 91.25}],
        }

    def file(self, unit, day):
        start, end = day_start(day), day_start(day + datetime.timedelta(days=1))
        return {"managementUnitId": unit, "startDate": iso(start), "endDate": iso(end), "lookupIdToSecondaryPresenceId": {},
                "userResults": [self.user_result(u) for u in self.random.sample(self.users, 4)]}

    def serve(self, server):
        body = json.dumps({"managementunits": self.units, "adherence": self.files}).encode()
        with urllib.request.urlopen(urllib.request.Request(server.url + "/standin/proof", data=body), timeout=60):
            pass

    # --- the second opinion ---

    def adherence_days(self, until, units=None):
        """Days that are over at `until`."""
        tables = {t: [] for t in ("proof_day", "proof_exception", "proof_actual", "proof_metric")}
        below = {"exceptionInfo": ("proof_exception", "exception"), "actuals": ("proof_actual", "actual"),
                 "dayMetrics": ("proof_metric", None)}
        for f in self.files:
            unit, start = f["managementUnitId"], utc(f["startDate"])
            end = day_start((start + datetime.timedelta(hours=12)).astimezone(zoneinfo.ZoneInfo(ZONE)).date()
                            + datetime.timedelta(days=1))
            if end > utc(until) or (units is not None and unit not in units):
                continue
            for r in f["userResults"]:
                key = {"management_unit_id": unit, "day_start": iso(start), "user_id": r["userId"]}
                tables["proof_day"].append({**key, **fields(r, below), "reported_unit_id": unit, "time_zone": ZONE,
                                                "day_end": iso(end)})
                for name, (table, what) in below.items():
                    for n, item in enumerate(r[name]):
                        row = {**key, (what or "metric") + "_no": n, **fields(item)}
                        for side in ("start", "end") if what else ():
                            seconds = datetime.timedelta(seconds=item[side + "OffsetSeconds"])
                            row[f"{what}_{side}"] = iso(start + seconds)
                        tables[table].append(row)
        return tables


def stored(site, table):
    """The rows of a table without what is ours; those of tables below proof_day with its id in the key's place."""
    below = table.startswith("proof_") and table != "proof_day"
    sql = (f"SELECT d.management_unit_id, d.day_start, d.user_id, t.* FROM {table} AS t JOIN proof_day AS d "
           "USING (proof_day_key)" if below else f"SELECT * FROM {table}")
    return [{k: json.dumps(json.loads(v)) if k.endswith("_ids") else v for k, v in dict(row).items()
             if v is not None and k != "proof_day_key" and not k.startswith("row_")} for row in site.query(sql)]


def compare(test, site, tables):
    for table, rows in tables.items():
        want, have = canonical(rows), canonical(stored(site, table))
        if want != have:
            test.fail(f"{table}: {len(want)} expected, {len(have)} stored\nmissing: {sorted(set(want) - set(have))[:2]}"
                      f"\nextra: {sorted(set(have) - set(want))[:2]}")
