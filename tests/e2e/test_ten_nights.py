"""Ten nights of all streams, and what the file then holds: what one extraction of the final state holds, row for row.

Data arrive late, change, open again and vanish, and agents move between units, whose days are of other time zones than
the business day: the stand-in does all that by its clock. On some nights there is trouble: the program is killed, a
permission is missing, a route answers 5xx, jobs fail. The last two nights are good.

What trouble there is follows from a seed, which is printed; ROLLCALL_TEN_NIGHTS=SEED runs that one.
"""
import collections
import datetime
import itertools
import json
import random
import re
import unittest

import test_lists
from harness import (CHANGE_LOGS, FULL, LEDGER, ROOT, Api, Sequence, all_rows, carry_out_all, clock_at, iso, killed, later, midnight,
                     plain, same_rows, seeds_of, snake, table_names, utc)

# Zone, first day, the time that it is for: 23-hour days in three, a year's end in one. Of the units, one is in
# America/New_York and one in Asia/Seoul, two are in Europe/Berlin.
ZONES = (("Europe/Berlin", "2026-03-26"), ("America/St_Johns", "2026-03-05"), ("UTC", "2025-12-28"),
         ("Asia/Seoul", "2026-03-05"))
# Hours after the first day's beginning. The last night reads all days again that are at most 31 days old; at full size
# the later looks do, since it is after the last of them, at an age of 93 days.
DAILY = [24 * day + 30 for day in range(8)]
LAST = [DAILY[-1] + 24 * day for day in ((30, 100, 101) if FULL else (1, 2))]
ALL_DAYS_AGAIN = {} if FULL else {"lookback_days": "31"}
LIMITS = {"ROLLCALL_LIMIT_RETRY_TOTAL_MS": "40", "ROLLCALL_LIMIT_RETRY_BASE_MS": "1", "ROLLCALL_LIMIT_JOB_WAIT_MS": "1000"}

# What nobody looked at when it was so cannot be asked for later: it is compared with what the polls of the nights must give.
OBSERVED = {"adherence_state", "observation_gap"}
# Of the runs and of what they saw, not of the final state.
LEFT_OUT = LEDGER | CHANGE_LOGS | OBSERVED
POLL = "/api/v2/workforcemanagement/adherence"
SILENCE = datetime.timedelta(minutes=15)
# Conversations that last longer than the last of the looks.
LONG = ("SELECT conversation_start, ifnull(conversation_end, '9') FROM conversation "
        "WHERE julianday(ifnull(conversation_end, '9999-01-01')) > julianday(conversation_start) + 31")

MOVERS = "SELECT user_id FROM management_unit_user WHERE deleted_at IS NOT NULL"
# What must have happened for the comparison to mean something. That holds for the seed that is always run: in another, what
# changes within the first days may have done so before any night saw it.
ALWAYS = 1
CHANGED = ("SELECT count(changed) FROM conversation_change", "SELECT count(*) FROM dimension_change",
           "SELECT count(*) FROM management_unit_user WHERE deleted_at IS NOT NULL", "SELECT count(*) FROM adherence_change",
           "SELECT count(*) FROM schedule_shift WHERE manually_edited", "SELECT count(DISTINCT status) > 1 FROM adherence_explanation")


def state_columns():
    """Those of adherence_state whose change ends a row, as its schema says."""
    text = (ROOT / "schema" / "0007_adherence_state.sql").read_text(encoding="utf-8")
    return re.findall(r"^    (\w+) [A-Z].*\] state:", text, re.M)


STATE = state_columns()
# The times by which the API tells that something changed, and what that may be.
TOLD = {"time_of_adherence_change": ("adherence_state", "impact"),
        "presence_update_time": ("system_presence", "organization_secondary_presence_id"),
        "adherence_explanation_start_date": ("adherence_explanation_id", "adherence_explanation_start_date")}
UNITS = ("business_unit_id", "management_unit_id", "team_id")
TIMES = ("user_id", "state_start", "state_end", "first_observed", "last_observed")


def history(polls):
    """What polls of an agent, [(moment, what was answered)], must give, by the rules that stand at the table's head: (rows of
    adherence_state, rows of observation_gap)."""
    rows, gaps = [], []
    for now, came in polls:
        last = rows[-1] if rows else {}
        previous = max(last["last_observed"], last["state_end"] or "") if last else ""
        told = [(min(came[name], now), any(came.get(c) != last.get(c) for c in columns)) for name, columns in TOLD.items()
                if came.get(name, "") > previous and came[name] != last.get(name)]
        told += [(now, True)] if last and any(came.get(c) != last.get(c) for c in UNITS) else []
        ended = min((t for t, _ in told), default=now) if all(changed for _, changed in told) else previous
        silent = previous and utc(now) > utc(previous) + SILENCE
        if last and ended > previous and not last["state_end"] and all(came.get(c) == last.get(c) for c in STATE):
            last.update(came, last_observed=now)
            gaps += [(previous, now)] if silent else []
            continue
        if last and not last["state_end"]:
            last["state_end"] = previous if silent and ended == now else ended
        rows.append({**came, "state_start": max((t for t, _ in told), default=now), "state_end": None, "first_observed": now,
                     "last_observed": now})
    return rows, gaps


def flatten(row, item, columns, prefix=""):
    """Objects are columns named after them."""
    for name, value in item.items():
        column = prefix + snake(name)
        if column in columns:
            row[column] = plain(value)
        elif isinstance(value, dict):
            flatten(row, value, columns, column + "_")


class TenNights(Sequence):
    """One such simulation."""

    def __init__(self, seed, zone, start):
        super().__init__()
        self.seed = seed
        self.random = random.Random(seed)
        self.start = start
        self.zone = zone
        self.gone = self.left = self.long = self.movers = ()
        self.begins = iso(midnight(start, zone))
        self.server = self.test.standin(start=start, now=self.moment(24), seed=seed % 997 + 1, days=12 if FULL else 6,
                                        per_day=20 if FULL else 6, agents=14 if FULL else 6, queues=4, eventful=True,
                                        page_cap=self.random.choice((9, 1000)), users_page_cap=self.random.choice((4, 100)),
                                        job_polls=self.random.choice((0, 1)))
        self.routes = []
        self.whole = set()  # nights that ended well
        self.nights = [self.moment(hour) for hour in (*DAILY, *LAST)]

    def moment(self, hour):
        return later(self.start + "T00:00:00Z", hours=hour)

    def new_site(self, **extract):
        site = self.test.site(self.server.url, start=self.start, timezone=self.zone,
                              extract={"streams": "all, quality, telephony", **extract})
        site.env.update(LIMITS)
        return site

    def run(self, site, hour, faults=(), deny=(), env=None):
        self.server.control(now=self.moment(hour), date="now", faults=list(faults), deny=list(deny), reset_requests=True)
        result = site.extract(*([] if clock_at(self.moment(0)) else ["--until", self.moment(hour)]),
                              env={**clock_at(self.moment(hour)), **(env or {})})
        routes = [route.split(" ")[1] for route in self.server.requests()["routes"] if "/api/" in route]
        self.routes = sorted({*self.routes, *routes})
        return result

    def trouble(self):
        """What goes wrong in a night; mostly nothing."""
        route = self.random.choice(self.routes).replace("{id}", "*") if self.routes else "/api/"
        return self.random.choice((
            {}, {}, {"env": {"ROLLCALL_KILL_STEP": self.random.randint(1, 400)}}, {"deny": [route] if route != POLL else []},
            {"faults": [f"5xx:path={route}$"]}, {"faults": [f"5xx:path={route}$,every=2"]}, {"faults": ["job-fail"]},
            {"faults": ["job-state-expired:every=2"]}))

    def night(self, site, hour):
        trouble = self.trouble()
        result = self.run(site, hour, **trouble)
        if result.returncode == 0:
            self.whole.add(self.moment(hour))
        self.log.append(f"{self.moment(hour)} {json.dumps(trouble)} -> {result.returncode} {result.stderr[-400:]}")
        if not killed(result):
            self.test.assertIn(result.returncode, (0, 5, 7, 8, 11, 12) if trouble else (0,))

    def carry_out(self):
        site, fresh = self.new_site(), self.new_site(**ALL_DAYS_AGAIN)
        for hour in DAILY:
            self.night(site, hour)
        if FULL:
            self.all_again(site, DAILY[-1] + 24 * 23)
        for hour in LAST[:-1]:
            self.test.ok(self.run(site, hour))
        site.set(extract=ALL_DAYS_AGAIN)
        self.test.ok(self.run(site, LAST[-1]))
        self.test.ok(self.run(fresh, LAST[-1]))
        self.compare(site, fresh)
        self.compare_observed(site)
        self.compare_deleted(site)

    def compare_observed(self, site):
        """Real-time adherence against the answers of the stand-in at the moments at which the file says that it was polled."""
        with site.held():
            columns = [r["name"] for r in site.query("PRAGMA table_info(adherence_state)")]
            rows = [dict(r) for r in site.query("SELECT * FROM adherence_state ORDER BY user_id, state_start")]
            gaps = {tuple(map(self.nominal, r)) for r in site.query("SELECT user_id, gap_start, gap_end FROM observation_gap")}
            users = [r[0] for r in site.query("SELECT user_id FROM user ORDER BY user_id")]
        rows = [{k: self.nominal(v) for k, v in row.items() if k in (*STATE, *TOLD) or k in TIMES} for row in rows]
        polled = {row[k] for row in rows for k in ("first_observed", "last_observed")} | {t for gap in gaps for t in gap[1:]}
        self.test.assertLessEqual(self.whole, polled)
        answers, api = collections.defaultdict(list), Api(self.server.url)
        for now in sorted(polled):
            self.server.control(now=now, faults=[], deny=[])
            for item in api.ask(f"{POLL}?userId={'&userId='.join(users)}"):
                row = {}
                flatten(row, item, columns)
                answers[row["user_id"]].append((now, {k: v for k, v in row.items() if k in (*STATE, *TOLD)}))
        want = [({"user_id": user, **row}) for user in sorted(answers) for row in history(answers[user])[0]]
        same_rows(self.test, {"adherence_state": [{k: v for k, v in row.items() if v is not None} for row in want]},
                  {"adherence_state": [{k: v for k, v in row.items() if v is not None} for row in rows]})
        self.test.assertEqual(gaps, {(user, *gap) for user in answers for gap in history(answers[user])[1]})

    def compare_deleted(self, site):
        """What the lists had and have no more, as it was on a night."""
        tables = [t for (t,) in site.query(test_lists.LISTS) if site.value(f'SELECT count(deleted_at) FROM "{t}"')]
        served = collections.defaultdict(list)
        if self.seed == ALWAYS:
            self.test.assertGreater(len(tables), 10)
        for hour in DAILY:
            then = self.new_site(streams=test_lists.GROUPS)
            self.test.ok(self.run(then, hour))
            for table in tables:
                served[table] += test_lists.rows(then, table).values()
        for table in tables:
            rows = [{k: v for k, v in row.items() if k != "deleted_at"}
                    for row in test_lists.rows(site, table, "deleted_at IS NOT NULL").values()]
            self.test.assertEqual([row for row in rows if row not in served[table]], [], table)

    def nominal(self, value):
        """A moment of a poll as the night's own: the program's clock goes on."""
        return next((night for night in self.nights if str(value)[:15] == night[:15] and value >= night), value)

    def compare(self, site, fresh, late=not ALL_DAYS_AGAIN):
        tables = table_names(fresh)
        self.test.assertLessEqual(LEFT_OUT, tables)
        self.gone = {id for r in site.query("SELECT evaluation_id, evaluation_form_id FROM evaluation_detail "
                                            "WHERE deleted_at IS NOT NULL") for id in r}
        self.left = {tuple(r) for r in site.query("SELECT user_id, business_day FROM adherence_day WHERE left_unit_at IS NOT NULL")}
        self.long, self.movers = (fresh.query(LONG), {r[0] for r in site.query(MOVERS)}) if late else ([], ())
        wrong = []
        stored = [all_rows(s, LEFT_OUT) for s in (site, fresh)]
        for table in stored[1]:
            have, want = (collections.Counter(tuple(r.items()) for r in rows[table]) for rows in stored)
            extra, missing = ([r for r in map(dict, more.elements()) if not self.is_late(table, r)]
                              for more in (have - want, want - have))
            extra = [r for r in extra if not self.is_kept(table, r)]
            if extra or missing:
                wrong.append(f"{table}: {sum(have.values())} rows, {sum(want.values())} expected; {len(extra)} more: {extra[:3]}; "
                             f"{len(missing)} less: {missing[:3]}")
        if wrong:
            self.test.fail("\n".join(wrong))
        if self.seed == ALWAYS:
            for sql in CHANGED:
                self.test.assertGreater(site.value(sql), 0, sql)
        for s in (site, fresh):
            self.test.assertEqual(s.value("PRAGMA integrity_check"), "ok")
            self.test.assertEqual(s.query("PRAGMA foreign_key_check"), [])

    def all_again(self, site, hour):
        """A copy of the file, while no day is older than a lookback can be: nothing is late then."""
        copy, fresh = self.new_site().copy_of(site), self.new_site(lookback_days="31")
        self.test.ok(self.run(copy, hour - 24))
        copy.set(extract={"lookback_days": "31"})
        for one in (copy, fresh):
            self.test.ok(self.run(one, hour))
        self.compare(copy, fresh, late=False)

    def is_kept(self, table, row):
        """Whether the file keeps it on purpose, though an extraction today would not find it any more."""
        if row.get("deleted_at") or {row.get("evaluation_id"), row.get("evaluation_form_id")} & self.gone:
            return True  # it vanished, and so did what is below it, and a form that was asked for because of it
        if (row.get("user_id"), row.get("business_day")) in self.left:
            return True  # a day of one who left the unit that reported it
        if table == "attribute_key":
            return row["conversations"] == 0  # no conversation has it any more
        # What was before the first day, no window answers for.
        return table in ("user_presence", "user_routing_status") and (row["end_time"] or "9") <= self.begins

    def is_late(self, table, row):
        """Whether it changed after the last look at its day: an e-mail that ended so late moves figures of the days it was
        at work, and one who changes units since takes her days with her."""
        if table == "conversation_aggregate":
            return row["media_type"] == "email" and any(
                begin <= row["interval_end"] and row["interval_start"] <= end for begin, end in self.long)
        return table.startswith("adherence_") and row.get("user_id") in self.movers


class Simulation(unittest.TestCase):
    def test_equals_one_extraction(self):
        seeds = seeds_of("ROLLCALL_TEN_NIGHTS", ALWAYS)
        pairs = itertools.product(seeds, ZONES) if FULL or len(seeds) == 1 else zip(seeds, ZONES)
        carry_out_all(self, "ROLLCALL_TEN_NIGHTS", TenNights, [(seed, *place) for seed, place in pairs])
