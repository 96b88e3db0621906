"""Nights of trouble at random, and what must come of them.

After any night of trouble, the first night that the vendor is well brings every row, whatever was interrupted, refused,
lost, pending, cut, undeletable or switched between methods; new days never wait behind old trouble; and while a row
that the run owed and the vendor offered is missing, the exit code is not 0.

A sequence is made of its seed alone: a world, nights with faults, settings and clocks, then two good nights. The file
then equals one extraction of the final state. ROLLCALL_NIGHTS=SEED or FIRST-LAST runs those seeds.
"""
import datetime
import json
import random
import signal
import sqlite3
import time
import unittest

from harness import (FULL, Sequence, canonical, carry_out_all, changed_after_lookback, clock_at, expected_rows, iso, killed, midnight,
                     seeds_of, stored_rows)

EPOCH = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
DETAILS = "path=/api/v2/analytics/conversations/details"
JOB = DETAILS + "/jobs/????????-*-????????????$"
RESULTS, QUERY, USERS = DETAILS + "/jobs/*/results", DETAILS + "/query", "path=/api/v2/users"
REREAD = DETAILS + "$,method=GET"
ROUTES = (DETAILS + "/jobs$", JOB, RESULTS, DETAILS + "/jobs/availability", QUERY, REREAD, USERS, "path=/api/v2/routing/queues",
          "path=/api/v2/workforcemanagement/adherence")
LAG_HOURS = 5  # of the availability date
LIMITS = {"ROLLCALL_LIMIT_RETRY_TOTAL_MS": "40", "ROLLCALL_LIMIT_RETRY_BASE_MS": "1", "ROLLCALL_LIMIT_JOB_WAIT_MS": "1000"}
SETTINGS = {
    "method": ("auto", "auto", "job", "query"),
    "start": ("2026-03-01", "2026-03-02", "2026-03-03"),
    "timezone": ("UTC", "Asia/Seoul", "America/New_York", "Asia/Kolkata"),
    "lookback_days": (4, 5, 7),
    "in_flight": (1, 4),
    "streams": ("all", "all", "conversations", "users, queues"),
}
# {day} is the beginning of a day's interval, {route} a kind of request, {id} a conversation that is open, {n} a number.
FAULTS_OF_A_DAY = ("5xx:has={day}", "4xx:has={day}", "4xx:status=404,has={day}," + RESULTS, "job-fail:has={day}",
                   "job-state-expired:has={day}", "job-pending:has={day}", "job-slow:has={day}", "missing-id:has={day}",
                   "error-in-200:has={day}", "no-answer:has={day}", "truncated-json:has={day}", "not-json:has={day}")
FAULTS = ("5xx", "5xx:every=2", "5xx:path=/oauth", "burst:after={n},count=30", "5xx:{route}", "4xx:{route}", "4xx:{route},n=2",
          "4xx:status=404,{route}", "job-fail", "job-state-expired:every=2", "job-expire:after={n}", "4xx:has=cursor=," + RESULTS,
          "5xx:method=DELETE", "4xx:has={id}," + REREAD, "error-in-200:{route}", "no-answer:{route}",
          "no-conversations-key:" + QUERY, "page-cycle:of=1," + RESULTS, "page-cycle:of=2," + RESULTS, "page-cycle:" + USERS,
          "short-pages", "empty-page", "no-date")
# A row that comes or goes between pages; where there is one page, it would only be kept from us.
MOVED = ("row-hidden:n=1", "row-hidden:n=2", "row-hidden:n=3")
# Under these the vendor does not offer every row, or no hour is right.
LIES = ("row-hidden", "no-date")
OPEN_STATES = ("SELECT user_id, system_presence, routing_status, actual_activity_category, adherence_state, impact, "
               "substr(last_observed, 1, 13) AS hour FROM adherence_state WHERE state_end IS NULL")
WHOLE_DAYS = "SELECT stream, day, whole FROM freshness WHERE stream = 'conversations' AND day >= '?'"
REFUSED = (2, 3)  # a TIME before the first day, or weeks ahead
TABLES = tuple(expected_rows([]))


def moment(hour):
    """So many hours after the first day's beginning, as the API writes it."""
    return iso(EPOCH + datetime.timedelta(hours=hour))


def make_plan(seed):
    r = random.Random(seed)
    large = r.random() < 0.15  # days too large for the query
    world = {"seed": seed % 997 + 1, "days": r.randint(4, 10), "per_day": 130 if large else r.choice((8, 25, 40, 130)),
             "page_cap": r.choice((7, 40, 1000)), "users_page_cap": r.choice((3, 100)), "agents": 8,
             "eventful": r.random() < 0.8 or None}
    limits = {"ROLLCALL_LIMIT_QUERY_ROWS": "100"} if large else {}
    plan = {"world": world, "limits": limits, "odd": r.random() < 0.3, "nights": []}
    settings = {name: r.choice(values) for name, values in SETTINGS.items()}
    hour = 24 * r.randint(1, 3) + 6
    several_pages = world["per_day"] > 100 and not large
    for _ in range(r.randint(1, 6)):
        for name in r.sample(sorted(SETTINGS), r.choice((0, 0, 1, 2))):
            settings[name] = r.choice(SETTINGS[name])
        plan["nights"].append({"hour": hour, "settings": dict(settings), **make_trouble(r, hour, several_pages)})
        hour += r.choice((6, 12, 24, 24, 24, 24, 48, 72))
    settings.update(streams="all", method=r.choice(("auto", "job") if large else SETTINGS["method"]))
    hour = (hour + 20) // 24 * 24 + 30  # six o'clock, a day after the last one at least
    plan["nights"] += [{"hour": hour + 24 * n, "settings": settings, "good": True} for n in range(2)]
    return plan


def make_trouble(r, hour, several_pages):
    days = [f"{moment(day * 24)}/" for day in r.sample(range(hour // 24 + 1), min(2, hour // 24))]
    kind = r.choice(("day", "any", "any", "none"))
    faults = []
    if kind == "day":
        faults = [r.choice(FAULTS_OF_A_DAY).replace("{day}", day) for day in days]
    elif kind == "any":
        faults = [fault.replace("{route}", r.choice(ROUTES)).replace("{n}", str(r.randint(1, 12)))
                  for fault in r.sample(FAULTS + (MOVED if several_pages else ()), r.choice((1, 1, 2)))]
    trouble = {"faults": faults}
    if kind == "none" or r.random() < 0.25:
        trouble[r.choice(("kill", "kill", "term"))] = r.randint(1, 160)
    if r.random() < 0.25:  # a TIME, or a clock, that is off by so many hours
        trouble[r.choice(("until", "clock"))] = r.choice((-50, -24, -3, 20, 100, 400))
    return trouble


class Nights(Sequence):
    """One plan, carried out."""

    def __init__(self, seed):
        super().__init__()
        self.plan = plan = make_plan(seed)
        self.server = self.test.standin(start="2026-03-01", now=moment(24), **plan["world"])
        self.site = self.new_site()
        self.log.append(json.dumps({k: v for k, v in plan.items() if k != "nights"}))
        self.read_at = None  # the hour of the last run that asked for conversations

    def new_site(self):
        site = self.test.site(self.server.url)
        site.env.update(LIMITS, **self.plan["limits"])
        return site

    def configure(self, site, settings):
        extract = {name: str(value) for name, value in settings.items() if name != "method"}
        site.set(extract=extract, conversations={"method": settings["method"]})

    @staticmethod
    def begins(settings):
        """The hour at which the first day begins."""
        return (midnight(settings["start"], settings["timezone"]) - EPOCH).total_seconds() / 3600

    def first_day(self, settings):
        """The UTC day in which the first day begins."""
        return moment(self.begins(settings))[:10]

    def truth(self, night, hour=None, **how):
        hour = night["hour"] if hour is None else hour
        how = {"method": night["settings"]["method"], "availability": moment(hour - LAG_HOURS), **how}
        lines = self.server.truth(self.first_day(night["settings"]), now=moment(hour), **how)
        return {line["conversation"]["conversationId"]: line["conversation"] for line in lines}

    def stored(self):
        try:
            return {r[0] for r in self.site.query("SELECT conversation_id FROM conversation")}
        except sqlite3.OperationalError:  # ended before there was one
            return set()

    # --- a night ---

    def run(self, site, night):
        """The program's exit code, and its words."""
        env = clock_at(moment(night["hour"] + night.get("clock", 0)))
        command = ["extract", "--rezone"]
        if "until" in night or not env:
            command += ["--until", moment(night["hour"] + night.get("until", night.get("clock", 0)))]
        if "kill" in night:
            env = {**env, "ROLLCALL_KILL_STEP": night["kill"]}
        if "term" not in night:
            result = site.run(*command, env=env)
            return (-signal.SIGKILL if killed(result) else result.returncode), result.stderr
        process = site.start_process(*command, env=env)
        while process.poll() is None and self.server.requests()["total"] < night["term"]:
            time.sleep(0.002)
        process.terminate()
        words = process.communicate()[1]
        return process.returncode, words

    def faults(self, night):
        faults = list(night.get("faults", ()))
        if any("{id}" in fault for fault in faults):
            still_open = sorted(id for id, c in self.truth(night).items() if "conversationEnd" not in c)
            faults = [fault.replace("{id}", (still_open or ["none"])[0]) for fault in faults]
        return faults + (["odd-string"] if self.plan["odd"] else [])

    def refused_zone(self, night):
        """Where the night's time zone is another one than the file's, a run without --rezone is refused."""
        before = self.everything()
        if before and {r[0] for r in self.site.query("SELECT zone FROM zone_offset")} - {night["settings"]["timezone"]}:
            self.server.control(now=moment(night["hour"]), date="now", faults=[])
            result = self.site.run("extract", "--until", moment(night["hour"]), env=clock_at(moment(night["hour"])))
            self.log.append(f"without --rezone -> {result.returncode} {result.stderr[-600:]}")
            self.test.assertEqual(result.returncode, 3 if night["hour"] >= self.begins(night["settings"]) else 2)
            self.test.assertEqual(self.everything(), before)

    def everything(self):
        """All tables but those of runs; {} where there are none yet."""
        try:
            with self.site.held():
                names = [r[0] for r in self.site.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
                return {name: [tuple(r) for r in self.site.query(f"SELECT * FROM {name}")]
                        for name in set(names) - {"run", "request_count", "request_month", "organization", "grant_set"}}
        except sqlite3.OperationalError:
            return {}

    def night(self, night):
        self.configure(self.site, night["settings"])
        self.refused_zone(night)
        self.server.control(now=moment(night["hour"]), date="now", faults=self.faults(night), reset_requests=True)
        code, words = self.run(self.site, night)
        self.log.append(f"{json.dumps(night)} -> {code} {words[-600:] if code else ''}")
        if night.get("good"):
            # 13: what began before the first day, which no query brings
            self.test.assertIn(code, (0, 13) if self.queried() else (0,), "a good night")
        self.test.assertIn(code, (0, 7, 8, 11, 12, 13, *REFUSED, -signal.SIGKILL))
        if code not in REFUSED and night["settings"]["streams"] in ("all", "conversations"):
            self.look(night, code)

    def look(self, night, code):
        """What a night must have brought."""
        hour = night["hour"] + min(0, night.get("until", night.get("clock", 0)))
        due = self.read_at is None or hour - self.read_at >= 21
        self.read_at = max(hour, self.read_at or hour)
        faults = night.get("faults", ())
        if not due or any(fault.startswith(LIES) for fault in faults):
            return
        owed = {id: c for id, c in self.truth(night, hour).items()
                if self.first_day(night["settings"]) <= c["conversationStart"] < moment(hour)}
        missing = sorted(set(owed) - self.stored())
        if code == 0 and missing:
            some = [(id, owed[id]["conversationStart"], owed[id].get("conversationEnd")) for id in missing[:3]]
            self.test.fail(f"{len(missing)} rows are missing, and the exit code is 0: {some}")
        days = [fault.split("has=")[1][:10] for fault in faults if "has=2026-" in fault]
        too_large = self.plan["limits"] and night["settings"]["method"] == "query"
        if days and len(days) == len(faults) and "kill" not in night and "term" not in night and not too_large:
            newest = moment(hour - LAG_HOURS - 24)[:10]
            if newest not in days:
                waiting = [id for id in missing if owed[id]["conversationStart"][:10] == newest]
                self.test.assertEqual(len(waiting), 0, f"rows of {newest} wait behind {days}, such as {waiting[:2]}")

    # --- the end ---

    def compare(self, night):
        """The file equals one extraction of the state there is."""
        fresh = self.new_site()
        self.configure(fresh, night["settings"])
        code, words = self.run(fresh, night)
        self.test.assertEqual(code, 0, words)
        have, want = self.contents(self.site), self.contents(fresh)
        differing = [id for id in want if self.different(night, id, have.get(id), want[id])]
        states = self.states(night) if differing and self.queried() else {}
        lookback = min(n["settings"]["lookback_days"] for n in self.plan["nights"])
        for id in differing:
            # What began before the first day comes by a job of a day it reaches into, unless the query settled that.
            start = json.loads(want[id]["conversation"][0])["conversation_start"]
            if self.queried() and id not in have and start[:10] < self.first_day(night["settings"]):
                continue
            if not changed_after_lookback(states.get(id, []), lookback):
                self.show_difference(id, have.get(id, {}), want[id])
        for id in set(have) - set(want):
            start = json.loads(have[id]["conversation"][0])["conversation_start"]
            before = start[:10] < self.first_day(night["settings"])
            after = night["settings"]["method"] == "job" and start >= moment(night["hour"] - LAG_HOURS)
            self.test.assertTrue(before or after, f"{id} of {start} is in no extraction")
        for sql in ("SELECT * FROM user", "SELECT * FROM queue", OPEN_STATES, WHOLE_DAYS):
            have, want = (self.rows(site, sql.replace("?", night["settings"]["start"])) for site in (self.site, fresh))
            self.test.assertEqual(have, want, sql)
        self.test.assertEqual(self.site.value("PRAGMA integrity_check"), "ok")
        self.test.assertEqual(self.site.query("PRAGMA foreign_key_check"), [])

    def queried(self):
        return any(night["settings"]["method"] == "query" for night in self.plan["nights"])

    def different(self, night, id, have, want):
        """Attributes are compared where the last night's jobs must have read them, or all were read by jobs."""
        if have is None:
            return True
        skip = {"participant_attribute"}
        settings = night["settings"]
        if settings["method"] != "query":
            end = json.loads(want["conversation"][0]).get("conversation_end", "9")
            if not self.queried() or end > moment(night["hour"] - 24 * (settings["lookback_days"] - 1)):
                skip = set()
        return any(have[table] != want[table] for table in TABLES if table not in skip)

    def states(self, night):
        """What each conversation was at each night, [(TIME, document)]."""
        states = {}
        for then in self.plan["nights"]:
            for id, c in self.truth(night, then["hour"], method="query").items():
                states.setdefault(id, []).append((moment(then["hour"]), c))
        return states

    @staticmethod
    def contents(site):
        found = {}
        with site.held():
            for table in TABLES:
                for row in stored_rows(site, table):
                    found.setdefault(row["conversation_id"], {name: [] for name in TABLES})[table].append(row)
        return {id: {table: canonical(rows) for table, rows in tables.items()} for id, tables in found.items()}

    @staticmethod
    def rows(site, sql):
        return canonical({k: r[k] for k in r.keys() if not k.startswith("row_")} for r in site.query(sql))

    def show_difference(self, id, have, want):
        for table in TABLES:
            missing, extra = (sorted(set(a.get(table, ())) - set(b.get(table, ()))) for a, b in ((want, have), (have, want)))
            if missing or extra:
                self.test.fail(f"{id}, {table}:\nmissing: {missing[:2]}\nextra: {extra[:2]}")
        self.test.fail(f"{id} differs")

    def carry_out(self):
        for night in self.plan["nights"]:
            self.night(night)
        self.compare(self.plan["nights"][-1])


class AtRandom(unittest.TestCase):
    def test_sequences(self):
        # Of the others: a method changed between two looks, and a day that differs otherwise once it was read again.
        usual = range(1, 301) if FULL else (1, 2, 125, 262)
        carry_out_all(self, "ROLLCALL_NIGHTS", Nights, [(seed,) for seed in seeds_of("ROLLCALL_NIGHTS", *usual)])
