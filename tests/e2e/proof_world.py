"""The invented data of tests/proof's streams, and a second opinion on the rows that they become."""
import datetime
import json
import random
import urllib.request
import zoneinfo

from harness import canonical, fields, instant

UTC = datetime.timezone.utc
ZONE = "Europe/Berlin"
HALF_HOUR = datetime.timedelta(minutes=30)
PRESENCES = ("AVAILABLE", "AWAY", "BUSY", "OFFLINE", "IDLE", "ON_QUEUE", "MEAL", "TRAINING", "MEETING", "BREAK")
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
        self.codes = [self.code(n) for n in range(23)]
        self.units = [self.unit(n) for n in range(3)]
        self.full_units = [u["id"] for u in self.units if u["name"] != "Unit 1"]  # nobody is in unit 1
        self.files = [self.file(unit, day) for unit in self.full_units for day in self.days]
        self.presences = {u: self.records(PRESENCES, "systemPresence") for u in self.users}
        self.statuses = {u: self.records(STATUSES, "routingStatus") for u in self.users[1:]}
        self.groups = [self.group(n) for n in range(4)]
        self.cut = False
        self.empty_report, self.empty_aggregates = {}, {}

    def uuid(self):
        text = f"{self.random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"

    def pick(self, choices):
        return self.random.choice(choices)

    def code(self, n):
        code = {"id": self.uuid(), "name": f'Code {n}, "of {n % 3}"', "dateCreated": "2025-01-02T03:04:05Z",
                "division": {"id": self.uuid(), "name": "Home", "selfUri": "/api/v2/authorization/divisions/x"},
                "selfUri": "/api/v2/routing/wrapupcodes/x"}
        if n % 2:
            code |= {"description": "two\nlines", "createdBy": self.uuid(), "dateModified": "2025-02-03T04:05:06.789Z"}
        return code

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

    def records(self, words, key):
        """One state after the other, some for a few minutes, some for days; the last one still lasts."""
        at = day_start(self.days[0]) - datetime.timedelta(days=2)
        end = day_start(self.days[-1]) + datetime.timedelta(days=2)
        out = []
        while at < end:
            until = at + datetime.timedelta(seconds=self.pick((0.5, 60, 5000, 20000, 50000, 100000, 200000)))
            last = out[-1][key] if out else None
            out.append({"startTime": iso(at), "endTime": iso(until), key: self.pick([w for w in words if w != last])})
            if key == "systemPresence":
                out[-1]["organizationPresenceId"] = self.uuid()
            at = until
        del out[-1]["endTime"]
        return out

    def group(self, n):
        group = {"queueId": self.uuid(), "mediaType": "voice"} if n % 2 else {"mediaType": "voice"} if n else {}
        data, at = [], day_start(self.days[0])
        while at < day_start(self.days[-1] + datetime.timedelta(days=1)):
            count = self.random.randrange(6)
            metrics = [{"metric": "nOffered", "stats": {"count": count}},
                       {"metric": "tHandle", "stats": {"count": count, "sum": count * 1234.0, "min": 1.0, "max": 2e5}},
                       {"metric": "oServiceLevel", "stats": {"ratio": 0.5, "numerator": 1.0, "denominator": 2.0,
                                                             "target": 0.8}}]
            if n == 3:
                metrics.append({"metric": "tHandle", "qualifier": "chat", "stats": {"count": count}})
            if count:  # what has no data is left out
                data.append({"interval": f"{iso(at)}/{iso(at + HALF_HOUR)}", "metrics": metrics})
            at += HALF_HOUR
        return {"group": group, "data": data}

    def serve(self, server):
        users = [{"userId": u, "primaryPresence": self.presences[u], "routingStatus": self.statuses.get(u, [])}
                 for u in self.users]
        body = json.dumps({"wrapupcodes": self.codes, "managementunits": self.units, "adherence": self.files,
                           "userDetails": users, "aggregates": self.groups, "cut": self.cut,
                           "emptyReport": self.empty_report, "emptyAggregates": self.empty_aggregates}).encode()
        with urllib.request.urlopen(urllib.request.Request(server.url + "/standin/proof", data=body), timeout=60):
            pass

    # --- the second opinion ---

    def wrapup_codes(self):
        return {"wrapup_code": [
            {**fields(c, {"id", "division", "selfUri"}), "wrapup_code_id": c["id"], "division_id": c["division"]["id"],
             "division_name": c["division"]["name"]} for c in self.codes]}

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

    def user_presence(self, availability, since):
        """What touches a day that was asked for, as of the availability date. Where days cut the records nobody has said
        what was before the first day, and what lasts yet is known from the last day's start on."""
        last_midnight = iso(day_start(utc(availability).astimezone(zoneinfo.ZoneInfo(ZONE)).date()))

        def rows(records, key):
            for user, list_ in records.items():
                for r in list_:
                    begin, end = instant(r["startTime"]), instant(r["endTime"]) if "endTime" in r else None
                    if begin >= instant(availability) or (end and end <= instant(since)):
                        continue
                    begin = max(begin, instant(since)) if self.cut else begin
                    end = end if end and end <= instant(availability) else None
                    what = {"user_id": user, **fields(r, {"startTime", "endTime"})}
                    if self.cut and not end and begin < last_midnight:
                        yield {**what, "start_time": begin, "end_time": last_midnight}
                        begin = last_midnight
                    yield {**what, "start_time": begin, **({"end_time": end} if end else {})}

        return {"user_presence": list(rows(self.presences, "systemPresence")),
                "user_routing_status": list(rows(self.statuses, "routingStatus"))}

    def conversation_aggregate(self, until):
        rows = []
        for g in self.groups:
            for entry in g["data"]:
                start, end = entry["interval"].split("/")
                if utc(start) >= utc(until):
                    continue
                for m in entry["metrics"]:
                    rows.append({"interval_start": instant(start), "interval_end": instant(end),
                                 "queue_id": g["group"].get("queueId", ""), "media_type": g["group"].get("mediaType", ""),
                                 "direction": "",
                                 "metric": m["metric"], "qualifier": m.get("qualifier", ""), **fields(m["stats"])})
        return {"conversation_aggregate": rows}


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
