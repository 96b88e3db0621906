"""The views and the analysts' queries: a few hand-made days, and figures worked out by hand."""

import datetime
import glob
import os
import re
import sqlite3
import subprocess
import unittest

from harness import TestCase, make_figures, needs

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QUERIES = sorted(glob.glob(os.path.join(ROOT, "queries", "*.sql")))
NAMES = sorted(os.path.basename(path)[:-4] for path in QUERIES)


def query_text(name):
    with open(os.path.join(ROOT, "queries", name + ".sql"), encoding="utf-8") as file:
        return file.read()


def header_params(text):
    return re.findall(r"^-- param: (\w+)  \S.*$", text, re.MULTILINE)


def new_database(path):
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    for name in sorted(glob.glob(os.path.join(ROOT, "schema", "*.sql"))):
        with open(name, encoding="utf-8") as file:
            db.executescript(file.read())
    db.execute("PRAGMA application_id = 0x726c636c")
    db.execute(f"PRAGMA user_version = {max(re.findall('^[0-9]+', os.path.basename(name))[0] for name in glob.glob(os.path.join(ROOT, 'schema', '0*.sql')))}")
    return db


def insert(db, table, **values):
    db.execute("INSERT INTO %s (%s) VALUES (%s)" % (table, ", ".join(values),
                                                    ", ".join("?" * len(values))),
               list(values.values()))


def utc(text):
    """02T00:00:10, a moment of March 2026, or one with its whole date, in the stored form; `-` is none."""
    if text == "-":
        return None
    return ("2026-03-" if text[2] == "T" else "") + text + ("" if "." in text else ".000") + "Z"


def zone_days(db, zone, offset, *midnights):
    """Business days, each from one of these moments to the next, named after the date there in the middle of it."""
    for start, end in zip(map(utc, midnights), map(utc, midnights[1:])):
        middle = datetime.datetime.fromisoformat(start[:-1]) + datetime.timedelta(hours=12, seconds=offset)
        insert(db, "zone_offset", day=str(middle.date()), offset_seconds=offset, zone=zone, utc_from=start, utc_to=end)


def utc_days(db, first, last):
    zone_days(db, "UTC", 0, *("%02dT00:00:00" % day for day in range(first, last + 2)))


def load(db, text):
    """Inserts conversations told line by line; participants (each with a session) and what they have are numbered as
    they come."""
    conversation = counts = None
    for line in filter(str.strip, text.splitlines()):
        what, *words = line.split()
        fields = dict(word.split("=") for word in words if "=" in word)
        plain = [word for word in words if "=" not in word]
        if what == "conversation":
            conversation, counts = int(plain[0]), {"participant": -1}
            insert(db, "conversation", conversation_key=conversation, conversation_id="c%d" % conversation,
                   conversation_start=utc(plain[1]), conversation_end=utc(plain[2]), **fields)
            continue
        if what == "participant":
            counts = {"participant": counts["participant"] + 1, "session": 0, "segment": 0, "metric": 0}
        if what == "session":
            counts = {**counts, "session": counts["session"] + 1, "segment": 0, "metric": 0}
        key = {"conversation_key": conversation, "participant_no": counts["participant"]}
        if what == "participant":
            insert(db, "participant", purpose=plain[0], user_id=fields.pop("user", None),
                   participant_id="p%d-%d" % tuple(key.values()), **key)
        if what in ("participant", "session"):
            insert(db, "session", session_no=counts["session"], media_type=plain[-1], **fields, **key)
        elif what == "segment":
            insert(db, "segment", session_no=counts["session"], segment_no=counts["segment"], segment_type=plain[0],
                   segment_start=utc(plain[1]), segment_end=utc(plain[2]), **fields, **key)
            counts["segment"] += 1
        for name, emitted, value in (part.split() for part in " ".join(words).split(",") if what == "metrics"):
            insert(db, "session_metric", session_no=counts["session"], metric_no=counts["metric"], name=name,
                   emit_date=utc(emitted), value=int(value), **key)
            counts["metric"] += 1


# Answered after 30 s, 480 s talk, 80.5 s after-call work.
ANSWERED = """
conversation 1 02T00:00:10 02T00:10:10.500 originating_direction=inbound external_tag=t1
  participant customer voice ani=tel:+8210 dnis=tel:+822
    segment interact 02T00:00:10 02T00:08:50 disconnect_type=client
  participant acd voice ani=tel:+8210
    segment delay 02T00:00:20 02T00:00:50 queue_id=q1
    metrics nOffered 02T00:00:20 1, tAcd 02T00:00:50 30000
  participant agent voice user=u1
    segment alert 02T00:00:45 02T00:00:50 queue_id=q1
    segment interact 02T00:00:50 02T00:08:50 queue_id=q1 disconnect_type=peer
    segment wrapup 02T00:08:50 02T00:10:10.500 queue_id=q1 wrap_up_code=w1
    metrics tAnswered 02T00:00:50 30000, tTalkComplete 02T00:08:50 480000, tAcw 02T00:10:10.500 80500
    metrics tHandle 02T00:10:10.500 560500
"""
# Offered in the half-hour of 09:00, abandoned after 25 s in that of 09:30.
ABANDONED = """
conversation 2 02T00:29:50 02T00:30:15 originating_direction=inbound
  participant customer voice ani=tel:+8211
    segment interact 02T00:29:50 02T00:30:15 disconnect_type=peer
  participant acd voice ani=tel:+8211
    segment delay 02T00:29:50 02T00:30:15 queue_id=q1
    metrics nOffered 02T00:29:50 1, tAbandon 02T00:30:15 25000, tShortAbandon 02T00:30:15 25000
"""
# An e-mail that is still open.
OPEN = """
conversation 3 01T20:00:00 - originating_direction=inbound
  participant customer email
    segment interact 01T20:00:00 -
  participant acd email
    segment delay 01T20:00:00 01T21:00:00 queue_id=q2
    metrics nOffered 01T20:00:00 1
  participant agent email user=u2
    segment interact 01T21:00:00 - queue_id=q2
"""
# Across midnight, from Sales and Ari to Care and Bo; answered late at first.
TRANSFERRED = """
conversation 4 02T14:59:00 02T15:08:00 originating_direction=inbound
  participant customer voice ani=tel:+8212
    segment interact 02T14:59:00 02T15:06:00 disconnect_type=peer
  participant acd voice
    segment delay 02T14:59:00 02T15:00:30 queue_id=q1
    metrics nOffered 02T14:59:00 1, nOverSla 02T15:00:30 1
  participant agent voice user=u1
    segment interact 02T15:00:30 02T15:01:30 queue_id=q1
    segment wrapup 02T15:01:30 02T15:02:00 queue_id=q1 wrap_up_code=w1
    metrics tAnswered 02T15:00:30 90000, nTransferred 02T15:01:30 1, tTalkComplete 02T15:01:30 60000
    metrics tAcw 02T15:02:00 30000, tHandle 02T15:02:00 90000
  participant acd voice
    segment delay 02T15:01:30 02T15:01:40 queue_id=q2
    metrics nOffered 02T15:01:30 1
  participant agent voice user=u2
    segment interact 02T15:01:40 02T15:06:00 queue_id=q2
    segment wrapup 02T15:06:00 02T15:08:00 queue_id=q2 wrap_up_code=w2
    metrics tAnswered 02T15:01:40 10000, tHeldComplete 02T15:04:00 60000, tTalkComplete 02T15:06:00 200000
    metrics tAcw 02T15:08:00 120000, tHandle 02T15:08:00 380000
"""


def fill_seoul(db):
    """Business days of Asia/Seoul (UTC+9): day D is [D-1 15:00Z, D 15:00Z)."""
    zone_days(db, "Asia/Seoul", 32400, "2026-02-28T15:00:00", *("%02dT15:00:00" % day for day in range(1, 5)))
    for user_id, name in (("u1", "Ari"), ("u2", "Bo")):
        insert(db, "user", user_id=user_id, name=name, state="active")
    for queue_id, name in (("q1", "Sales"), ("q2", "Care")):
        insert(db, "queue", queue_id=queue_id, name=name)
    load(db, ANSWERED + ABANDONED + OPEN + TRANSFERRED)
    insert(db, "conversation_division", conversation_key=1, division_no=0, division_id="d1")
    insert(db, "conversation_division", conversation_key=1, division_no=1, division_id="d2")
    for start, end, complete, state in (
            ("2026-02-28T00:00:00", "01T00:00:00", "01T00:00:00", "settled"),
            ("01T00:00:00", "02T00:00:00", "02T00:00:00", "provisional"),
            ("02T00:00:00", "03T00:00:00", "02T20:00:00", "open")):
        insert(db, "extract_window", stream="conversations", state=state, window_start=utc(start),
               window_end=utc(end), complete_to=utc(complete))
    insert(db, "extract_window", stream="users", state="open", complete_to=utc("02T19:59:00"))
    insert(db, "extract_window", stream="queues")
    insert(db, "extract_window", stream="conversations", complete_to=utc("02T20:00:00"))


def fill_polls(db):
    """One agent's business day 2026-03-02, polled every five minutes; see test_adherence_day."""
    for user_id, start, end, first, last, adherence in (
            # from before the day's start; 600 s of it inside the day
            ("u1", "01T14:00:00", "01T15:10:00", "01T14:05:00", "01T15:05:00", "InAdherence"),
            # 300 s, then one hour unseen
            ("u1", "01T15:10:00", "01T16:15:00", "01T15:10:00", "01T15:15:00", "OutOfAdherence"),
            # 300 s, unscheduled
            ("u1", "01T16:15:00", "01T16:20:00", "01T16:15:00", "01T16:20:00", "Unscheduled"),
            # missing from 16:20 to 16:30 (closed at its last poll), then 1,200 s and open
            ("u1", "01T16:30:00", "-", "01T16:30:00", "01T16:50:00", "InAdherence"),
            # only ever unscheduled: the percentage is undefined
            ("u2", "01T15:00:00", "-", "01T15:00:00", "01T15:01:00", "Unscheduled")):
        insert(db, "adherence_state", user_id=user_id, state_start=utc(start), state_end=utc(end),
               first_observed=utc(first), last_observed=utc(last), adherence_state=adherence)


class QueryCase(TestCase):
    @classmethod
    def setUpClass(cls):
        if sqlite3.sqlite_version_info < (3, 37):
            raise unittest.SkipTest("Python's SQLite is older than 3.37")
        cls.path = os.path.join(cls.shared().directory(), "test.db")
        cls.db = new_database(cls.path)
        cls.addClassCleanup(cls.db.close)
        cls.fill(cls.db)
        cls.db.commit()
        make_figures(cls.path)

    def rows(self, name, **params):
        text = query_text(name)
        values = dict.fromkeys(header_params(text))
        values.update(params)
        return [dict(row) for row in self.db.execute(text, values)]

    def check(self, found, columns, expected):
        """Compares some columns of the rows."""
        names = columns.split()
        self.assertEqual([tuple(row[name] for name in names) for row in found], expected)


class Silence(QueryCase):
    """u3 in adherence at 17:00, the machine off for two nights, then a row that begins before its first poll; she goes
    on, after an hour out of every answer. u4's one state goes on over gaps; the day's end lies in one."""
    @staticmethod
    def fill(db):
        utc_days(db, 10, 13)
        for user_id, start, end, first, last in (("u3", "10T16:50:00", "10T17:00:00", "10T16:55:00", "10T17:00:00"),
                                                 ("u3", "12T09:55:00", "12T11:00:00", "12T10:00:00", "12T11:00:00"),
                                                 ("u3", "12T12:00:00", "-", "12T13:00:00", "12T14:00:00"),
                                                 ("u4", "09T00:00:00", "-", "10T18:00:00", "12T00:00:00")):
            insert(db, "adherence_state", user_id=user_id, state_start=utc(start), state_end=utc(end),
                   first_observed=utc(first), last_observed=utc(last), adherence_state="InAdherence")
        for start, end in (("10T23:00:00", "11T01:30:00"), ("11T03:00:00", "11T05:00:00")):
            insert(db, "observation_gap", user_id="u4", gap_start=utc(start), gap_end=utc(end))

    def test_adherence_day(self):
        minutes = [(r["day"][8:], r["user_id"], r["in_adherence_seconds"] // 60, r["gap_seconds"] // 60,
                    r["known_since"][:16]) for r in self.rows("adherence_day")]
        u3, u4 = "2026-03-10T16:55", "2026-03-10T18:00"
        self.assertEqual(minutes, [("10", "u3", 5, 1435, u3), ("10", "u4", 300, 1140, u4), ("11", "u3", 0, 1440, u3),
                                   ("11", "u4", 1230, 210, u4), ("12", "u3", 125, 715, u3)])
        self.assertEqual([(r["in_adherence_seconds"], r["gap_seconds"]) for r in self.rows(
            "adherence_day", agent="u4", max_gap="7200", **{"from": "2026-03-11"})], [(81000, 5400)])


class Returning(QueryCase):
    """Who came again within a week, the earlier contact before the range or in it; who only was called back, or came late."""
    @staticmethod
    def fill(db):
        utc_days(db, 1, 20)
        for key, (start, direction, purpose, address) in enumerate((
                ("05T10:00:00", "inbound", "customer", "ani=a"), ("12T10:00:00", "inbound", "customer", "ani=a"),
                ("13T10:00:00", "outbound", "customer", "ani=a"), ("14T10:00:00", "inbound", "customer", "ani=a"),
                ("05T10:00:00", "inbound", "customer", "ani=b"), ("12T10:00:00.001", "inbound", "customer", "ani=b"),
                ("12T10:00:00", "inbound", "external", "address_from=c"), ("12T10:00:01", "inbound", "external", "address_from=c"),
                ("14T10:00:00", "inbound", "agent", "ani=d"), ("14T11:00:00", "inbound", "agent", "ani=d"),
                ("14T23:00:00", "inbound", "customer", "ani=e"), ("15T01:00:00", "inbound", "customer", "ani=e")), 1):
            load(db, f"conversation {key} {start} 16T00:00:00 originating_direction={direction}\n"
                     f"participant acd voice ani=queue\nparticipant {purpose} voice {address}")

    def test_repeat_contacts(self):
        days = {"from": "2026-03-10", "to": "2026-03-14"}
        self.check(self.rows("repeat_contacts", **days), "address contacts repeats", [("a", 2, 2), ("c", 2, 1)])
        self.check(self.rows("repeat_contacts", days="8", **days), "address contacts repeats",
                   [("a", 2, 2), ("c", 2, 1), ("b", 1, 1)])
        self.check(self.rows("repeat_contacts", days="2", **days), "address contacts repeats", [("a", 2, 1), ("c", 2, 1)])
        self.check(self.rows("repeat_contacts", **{**days, "to": "2026-03-15"}), "address", [("a",), ("c",), ("e",)])


class ChangingClock(QueryCase):
    """The 29th of March has 23 hours: a shift that begins half an hour after it is of the 30th alone. The 25th of October has 25: one
    that begins in the last of them is of that day."""
    @staticmethod
    def fill(db):
        zone_days(db, "Europe/Berlin", 7200, "27T23:00:00", "28T23:00:00", "29T22:00:00", "30T22:00:00")
        zone_days(db, "Europe/Berlin", 3600, *("2026-10-%s:00:00" % t for t in ("24T22", "25T23", "26T23")))
        db.execute("INSERT INTO adherence_day (management_unit_id, user_id, business_day, day_start_time, adherence_schedule_seconds, "
                   "time_zone) SELECT 'm', 'u1', day, utc_from, 3600, zone FROM zone_offset")
        for start, minutes in (("2026-03-29T22:30:00", 60), ("2026-10-25T22:30:00", 30), ("2026-10-26T22:30:00", 30)):
            for table, more in (("schedule_shift", {}), ("schedule_activity", {"activity_no": 0})):
                insert(db, table, management_unit_id="m", user_id="u1", shift_id=start, start_date=utc(start), length_minutes=minutes, **more)

    def test_adherence_halfhour(self):
        self.check(self.rows("adherence_halfhour", **{"from": "2026-03-01"}), "half_hour scheduled_seconds adherence_percent",
                   [("2026-03-30 00:30", 1800, 100.0), ("2026-03-30 01:00", 1800, 100.0), ("2026-10-25 23:30", 1800, 100.0),
                    ("2026-10-26 23:30", 1800, 100.0)])


class Seoul(QueryCase):
    @staticmethod
    def fill(db):
        fill_seoul(db)
        fill_polls(db)
    def test_a_queue_without_a_target_of_its_own_has_the_default(self):
        def targets():
            days = {"from": "2026-03-02", "to": "2026-03-03"}
            return [{r["queue_name"]: r["target_seconds"] for r in rows if r["media_type"] == "voice"} for rows in (
                map(dict, self.db.execute("SELECT * FROM v_queue_visit")), self.rows("service_level", **days), self.rows("queue_wait", **days))]

        self.assertEqual(targets(), [{"Sales": 20, "Care": 20}] * 3)
        self.db.execute("UPDATE kpi SET default_target_seconds = 33")
        self.db.execute("""UPDATE queue SET media_settings = '{"call": {"serviceLevel": {"percentage": 0.8, "durationMs": 15500}}}'
                           WHERE queue_id = 'q1'""")
        self.assertEqual(targets(), [{"Sales": 15.5, "Care": 33}] * 3)
        self.db.rollback()

    def test_what_is_asked_for(self):
        """Ranges, names by any case or ids, media: what the rows say beside is held by test_analyst_queries."""
        for query, params, columns, expected in (
                ("conversations_by_day", {"from": "2026-03-03"}, "day", []), ("conversations_by_day", {"to": "2026-03-01"}, "day", []),
                # the last day is that of the last metric, though no conversation began on it
                ("queue_halfhour", {"queue": "care"}, "half_hour whole", [("2026-03-02 05:00", 1), ("2026-03-03 00:00", 0)]),
                ("queue_halfhour", {"queue": "q1", "media": "voice", "from": "2026-03-03"}, "half_hour", [("2026-03-03 00:00",)]),
                ("agent_handle_time", {}, "user_name handled handle_seconds", [("Ari", 2, 650.5), ("Bo", 1, 380.0)]),
                ("agent_handle_time", {"to": "2026-03-02"}, "user_name handled handle_seconds", [("Ari", 1, 560.5)]),
                ("agent_handle_time", {"to": "2026-03-03", "queue": "Care"}, "user_name", [("Bo",)]),
                ("agent_handle_time", {"to": "2026-03-03", "agent": "u1"}, "user_name", [("Ari",)]),
                ("abandoned", {}, "conversation_id waited_seconds", [("c2", 25.0)]),
                ("abandoned", {"queue": "q2"}, "conversation_id", []), ("abandoned", {"media": "email"}, "conversation_id", []),
                ("wrapup_codes", {"to": "2026-03-02"}, "queue_name wrapups", [("Sales", 1)]),
                # read up to 20:00Z of the day after
                ("open_conversations", {"min_hours": "23.5"}, "conversation_id age_hours", [("c3", 24.0)]),
                ("open_conversations", {"min_hours": "25"}, "conversation_id", []),
                ("open_conversations", {"media": "voice"}, "conversation_id", []),
                ("freshness", {"stream": "conversations", "to": "2026-03-01"}, "day", [("2026-03-01",)])):
            with self.subTest(query, **params):
                self.check(self.rows(query, **params), columns, expected)

    def test_adherence_day(self):
        columns = ("user_name observed_seconds in_adherence_seconds out_of_adherence_seconds "
                   "unscheduled_seconds other_seconds gap_seconds adherence_percent")
        found = self.rows("adherence_day", **{"from": "2026-03-02"})
        self.check(found, columns,
                   # in: 600 + 1200; gap: 3600 unseen + 600 missing; 100 * 1800 / 2100
                   [("Ari", 2400, 1800, 300, 300, 0, 4200, 85.71),
                    ("Bo", 60, 0, 0, 60, 0, 0, None)])
        # with two hours between polls allowed, the unseen hour was out of adherence
        self.check(self.rows("adherence_day", max_gap="7200", agent="ari",
                             **{"from": "2026-03-02"}), columns,
                   [("Ari", 6000, 1800, 3900, 300, 0, 600, 31.58)])
        # the day before, first polled at 14:05Z: until then nobody knows, whatever the state's beginning
        self.check(self.rows("adherence_day", to="2026-03-01"), columns + " known_since",
                   [("Ari", 3300, 3300, 0, 0, 0, 83100, 100.0, "2026-03-01T14:05:00.000Z")])

    def test_freshness(self):
        self.check(self.rows("freshness"), "stream day whole state complete_to local_complete_to",
                   [("conversations", "2026-03-01", 1, "provisional", "2026-03-01T15:00:00.000Z",
                     "2026-03-02 00:00:00"),
                    ("conversations", "2026-03-02", 1, "provisional", "2026-03-02T15:00:00.000Z",
                     "2026-03-03 00:00:00"),
                    ("conversations", "2026-03-03", 0, "open", "2026-03-02T20:00:00.000Z",
                     "2026-03-03 05:00:00"),
                    ("queues", None, 0, "open", None, None),
                    ("users", None, 1, "provisional", "2026-03-02T19:59:00.000Z",
                     "2026-03-03 04:59:00")])

    def test_v_conversation(self):
        """What is counted of one is held by test_figures."""
        found = [dict(row) for row in
                 self.db.execute("SELECT * FROM v_conversation ORDER BY conversation_id")]
        self.check(found, "conversation_id local_start local_end local_date local_hour "
                          "local_weekday media_type duration_ms",
                   [("c1", "2026-03-02 09:00:10", "2026-03-02 09:10:10", "2026-03-02", 9, 1,
                     "voice", 600500),
                    ("c2", "2026-03-02 09:29:50", "2026-03-02 09:30:15", "2026-03-02", 9, 1,
                     "voice", 25000),
                    ("c3", "2026-03-02 05:00:00", None, "2026-03-02", 5, 1, "email", None),
                    ("c4", "2026-03-02 23:59:00", "2026-03-03 00:08:00", "2026-03-02", 23, 1,
                     "voice", 540000)])
        self.check(found, "first_queue_name last_queue_name first_agent_name last_agent_name "
                          "first_wrap_up_code last_wrap_up_code customer_disconnect_type",
                   [("Sales", "Sales", "Ari", "Ari", "w1", "w1", "client"),
                    ("Sales", "Sales", None, None, None, None, "peer"),
                    ("Care", "Care", "Bo", "Bo", None, None, None),
                    ("Sales", "Care", "Ari", "Bo", "w1", "w2", "peer")])

    def test_v_segment_has_each_segment_once(self):
        found = [dict(row) for row in self.db.execute(
            "SELECT * FROM v_segment ORDER BY conversation_id, participant_no, session_no, segment_no")]
        self.assertEqual(len(found), self.db.execute("SELECT count(*) FROM segment").fetchone()[0])
        self.check(found[4:5], "conversation_id participant_no segment_no segment_type duration_ms "
                               "user_name queue_name wrap_up_code local_start local_date purpose",
                   [("c1", 2, 2, "wrapup", 80500, "Ari", "Sales", "w1", "2026-03-02 09:08:50",
                     "2026-03-02", "agent")])


# Ari holds the customer, asks Bo, speaks to the customer again and hands her to Bo, who sets no code.
CONSULTED = """
conversation 1 07T10:05:00 07T10:30:00 originating_direction=inbound
  participant customer voice
    segment interact 07T10:05:00 07T10:30:00 queue_id=q1
    metrics nConnected 07T10:05:01 1
  participant acd voice
    segment delay 07T10:05:00 07T10:05:30 queue_id=q1
    metrics nOffered 07T10:05:00 1, nError - 1
  participant agent voice user=u1
    segment interact 07T10:05:30 07T10:06:50 queue_id=q1
    segment hold 07T10:06:50 07T10:09:00 queue_id=q1
    segment interact 07T10:09:00 07T10:10:00 queue_id=q1
    segment wrapup 07T10:10:00 07T10:40:00 queue_id=q1 wrap_up_code=w1
    metrics nConsultTransferred 07T10:10:00 1, tHandle 07T10:40:00 2070000
  participant agent voice user=u2
    segment alert 07T10:07:00 07T10:07:10 queue_id=q2
    segment interact 07T10:07:10 07T10:30:00 queue_id=q2
    metrics tHandle 07T10:30:00 1370000
"""
# A callback writes its code on its call too; the after-call work is 57 s, whatever the segment says.
CALLED_BACK = """
conversation 2 07T11:00:00 07T11:20:00 originating_direction=inbound
  participant agent callback user=u1
    segment interact 07T11:00:00 07T11:10:00 queue_id=q1
    segment wrapup 07T11:10:00 07T11:11:01 queue_id=q1 wrap_up_code=w1
    metrics tAcw 07T11:11:00 57000
  session voice
    segment interact 07T11:02:00 07T11:10:00 queue_id=q1
    segment wrapup 07T11:10:00 07T11:11:01 queue_id=q1 wrap_up_code=w1
"""
# A voicemail that waits to be called back.
WAITING = """
conversation 3 07T12:00:00 - originating_direction=inbound
  participant customer voice
    segment interact 07T12:00:00 07T12:01:00
  participant acd voice
    segment delay 07T12:00:00 07T12:01:00 queue_id=q1
  session callback
    segment delay 07T12:01:00 - queue_id=q2
    metrics nOffered 07T12:01:00 1
"""
# A call of Saturday the 7th, whose after-call work ends on Sunday; and one without a code.
OVERNIGHT = """
conversation 4 07T23:50:00 08T00:04:00 originating_direction=inbound
  participant agent voice user=u2
    segment interact 07T23:50:00 07T23:58:00 queue_id=q1
    segment wrapup 07T23:58:00 08T00:04:00 queue_id=q1 wrap_up_code=w2
    metrics tAcw 08T00:04:00 360000, tHandle 08T00:04:00 840000
conversation 5 07T13:00:00 07T13:10:00 originating_direction=inbound
  participant agent voice user=u2
    segment interact 07T13:00:00 07T13:09:00 queue_id=q1
    segment wrapup 07T13:09:00 07T13:10:00 queue_id=q1
    metrics tAcw 07T13:10:00 60000
"""
# It began before the first day that was asked for, and went through two queues in one session.
EARLIER = """
conversation 6 05T10:00:00 06T09:00:00 originating_direction=inbound
  participant acd voice
    segment delay 05T10:00:00 05T10:05:00 queue_id=q1
    segment delay 06T08:00:00 06T09:00:00 queue_id=q2
    metrics nOffered 05T10:00:00 1, tFlowOut 05T10:05:00 300000, nOffered 06T08:00:00 1, tAbandon 06T09:00:00 1
    metrics tAcd 06T08:00:00 1, nError 05T09:00:00 1
"""


class Standing(QueryCase):
    """Figures that stand: worked out from the records by hand. Days of UTC; asked for from the 6th on."""

    @staticmethod
    def fill(db):
        utc_days(db, 5, 8)
        for day in (6, 7, 8):
            insert(db, "extract_window", stream="conversations", window_start=utc("%02dT00:00:00" % day),
                   window_end=utc("%02dT00:00:00" % (day + 1)), state="open" if day == 8 else "provisional",
                   complete_to=utc("08T06:00:00" if day == 8 else "%02dT00:00:00" % (day + 1)))
        for table, rows in (("user", (("u1", "Ari"), ("u2", "Bo"))), ("queue", (("q1", "Sales"), ("q2", "Care")))):
            for key, name in rows:
                insert(db, table, **{table + "_id": key, "name": name})
        load(db, CONSULTED + CALLED_BACK + WAITING + OVERNIGHT + EARLIER)

    def test_last_is_who_had_the_customer_last(self):
        found = [dict(row) for row in self.db.execute("SELECT * FROM v_conversation ORDER BY conversation_id")]
        self.check(found, "last_agent_name last_queue_name first_wrap_up_code last_wrap_up_code media_type media_types whole",
                   [("Bo", "Care", "w1", None, "voice", "voice", 1), ("Ari", "Sales", "w1", "w1", "callback", "callback,voice", 1),
                    (None, "Care", None, None, "voice", "callback,voice", 1), ("Bo", "Sales", "w2", "w2", "voice", "voice", 1),
                    ("Bo", "Sales", None, None, "voice", "voice", 1), (None, "Care", None, None, "voice", "voice", 0)])

    def test_a_disposition_counts_once_and_none_is_a_class(self):
        self.check(self.rows("wrapup_codes", to="2026-03-07"),
                   "queue_name wrap_up_code wrapups agents percent_of_queue avg_wrapup_seconds",
                   [("Sales", "w1", 2, 1, 66.7, 57.0), ("Sales", None, 1, 1, 33.3, 60.0)])

    def test_one_clock(self):
        self.check(self.rows("wrapup_codes", **{"from": "2026-03-08"}), "wrap_up_code wrapups avg_wrapup_seconds",
                   [("w2", 1, 360.0)])
        self.check(self.rows("agent_handle_time", **{"from": "2026-03-08"}), "user_name handled", [("Bo", 1)])

    def test_a_conversation_has_the_media_types_of_its_sessions(self):
        for media in ("callback", "voice"):
            self.check(self.rows("open_conversations", media=media), "conversation_id queue_name user_name media_types",
                       [("c3", "Care", None, "callback,voice")])
        self.assertEqual(self.rows("open_conversations", media="call"), [])

    def test_days_before_the_start_are_marked_and_not_asked_for(self):
        self.check(self.rows("conversations_by_day"), "day conversations whole",
                   [("2026-03-07", 1, 1), ("2026-03-07", 4, 1)])
        self.check(self.rows("conversations_by_day", **{"from": "2026-03-01", "to": "2026-03-06"}),
                   "day conversations whole", [("2026-03-05", 1, 0)])
        self.check(self.rows("queue_halfhour", to="2026-03-06"), "half_hour queue_name offered abandoned whole",
                   [("2026-03-06 08:00", "Care", 1, 0, 1), ("2026-03-06 09:00", "Care", 0, 1, 1)])
        self.check([dict(r) for r in self.db.execute("SELECT DISTINCT local_date, whole FROM v_segment ORDER BY 1")],
                   "local_date whole", [("2026-03-05", 0), ("2026-03-06", 1), ("2026-03-07", 1)])

    def test_a_metric_belongs_to_one_queue(self):
        self.check([dict(r) for r in self.db.execute(
            "SELECT * FROM v_metric WHERE conversation_id IN ('c1', 'c6') ORDER BY conversation_id, emit_date, name")],
                   "name day half_hour utc_start queue_name user_name purpose whole",
                   [("nError", None, None, None, "Sales", None, "acd", 0),  # nobody knows when
                    ("nOffered", "2026-03-07", "2026-03-07 10:00", "2026-03-07T10:00:00Z", "Sales", None, "acd", 1),
                    # customers' sessions name queues, which no aggregate counts
                    ("nConnected", "2026-03-07", "2026-03-07 10:00", "2026-03-07T10:00:00Z", None, None, "customer", 1),
                    ("nConsultTransferred", "2026-03-07", "2026-03-07 10:00", "2026-03-07T10:00:00Z", "Sales", "Ari", "agent", 1),
                    ("tHandle", "2026-03-07", "2026-03-07 10:30", "2026-03-07T10:30:00Z", "Care", "Bo", "agent", 1),
                    ("tHandle", "2026-03-07", "2026-03-07 10:30", "2026-03-07T10:30:00Z", "Sales", "Ari", "agent", 1),
                    # before any segment had begun: the first
                    ("nError", "2026-03-05", "2026-03-05 09:00", "2026-03-05T09:00:00Z", "Sales", None, "acd", 0),
                    ("nOffered", "2026-03-05", "2026-03-05 10:00", "2026-03-05T10:00:00Z", "Sales", None, "acd", 0),
                    ("tFlowOut", "2026-03-05", "2026-03-05 10:00", "2026-03-05T10:00:00Z", "Sales", None, "acd", 0),
                    # at the moment at which a segment begins: offered there, all else before
                    ("nOffered", "2026-03-06", "2026-03-06 08:00", "2026-03-06T08:00:00Z", "Care", None, "acd", 1),
                    ("tAcd", "2026-03-06", "2026-03-06 08:00", "2026-03-06T08:00:00Z", "Sales", None, "acd", 1),
                    ("tAbandon", "2026-03-06", "2026-03-06 09:00", "2026-03-06T09:00:00Z", "Care", None, "acd", 1)])


class Odd(QueryCase):
    @staticmethod
    def fill(db):
        utc_days(db, 7, 7)
        load(db, """
            conversation 1 07T10:00:00 07T11:00:00
            participant agent voice user=u1
            segment interact 07T10:00:00 07T11:00:00 queue_id=q1
            metrics tAnswered 07T10:00:00 0, tHandle 07T11:00:00 1""")
        db.execute("UPDATE session_metric SET value = NULL WHERE value = 1")

    def test_a_metric_counts_without_a_value_too(self):
        self.check(self.rows("queue_day"), "answered handled answer_ms handle_ms", [(1, 1, 0, 0)])
        self.check([dict(r) for r in self.db.execute("SELECT * FROM v_agent_leg")], "answered handled handle_ms", [(1, 1, 0)])
        for kpi in ("answered", "handled"):
            self.check(self.rows("why", kpi=kpi, day="2026-03-07"), "value", [(1,)])

    def test_a_metric_of_more_than_a_life_is_none(self):
        key = {"conversation_key": 1, "participant_no": 0, "session_no": 0, "emit_date": utc("07T10:30:00"), "value": 2**63 - 1}
        for no, name in enumerate(("tHandle", "tHandle", "tAnswered", "tAcd", "tAcd"), 10):
            insert(self.db, "session_metric", metric_no=no, name=name, **key)
        self.db.commit()
        make_figures(self.path)
        self.test_a_metric_counts_without_a_value_too()
        self.db.execute("DELETE FROM session_metric WHERE metric_no >= 10")
        self.db.commit()

    def test_a_day_is_touched_whatever_else_a_conversation_has(self):
        self.db.execute("UPDATE session_metric SET emit_date = '1970-01-01T00:00:00.000Z' WHERE name = 'tAnswered'")
        self.db.commit()
        make_figures(self.path)
        self.db.execute("DELETE FROM figure_touched")
        self.db.commit()
        make_figures(self.path)
        self.check(self.db.execute("SELECT day FROM figure_touched"), "day", [("2026-03-07",)])
        self.db.execute("UPDATE session_metric SET emit_date = ? WHERE name = 'tAnswered'", (utc("07T10:00:00"),))
        self.db.commit()
        make_figures(self.path)


class NewYork(QueryCase):
    """The day on which summer time ends: 25 hours, 01:00 to 02:00 twice."""

    @staticmethod
    def fill(db):
        for utc_from, utc_to, offset in (("2026-11-01T04:00:00", "2026-11-01T06:00:00", -14400),
                                         ("2026-11-01T06:00:00", "2026-11-02T05:00:00", -18000)):
            insert(db, "zone_offset", day="2026-11-01", offset_seconds=offset, utc_from=utc(utc_from),
                   utc_to=utc(utc_to), zone="America/New_York")
        insert(db, "queue", queue_id="q1", name="Sales")
        for key, start in ((1, "2026-11-01T05:10:00"), (2, "2026-11-01T06:10:00"), (3, "2026-11-01T03:59:59")):
            load(db, f"""
                conversation {key} {start} 2026-11-01T07:00:00
                participant acd voice
                segment delay {start} {start} queue_id=q1
                metrics nOffered {start} 1""")
        # The first window has been read to its end, but not by a job yet.
        for start, end, complete in (("2026-11-01", "2026-11-02", "2026-11-02T00:00:00"),
                                     ("2026-11-02", "2026-11-03", "2026-11-02T04:59:00")):
            insert(db, "extract_window", stream="conversations", state="open", complete_to=utc(complete),
                   window_start=utc(start + "T00:00:00"), window_end=utc(end + "T00:00:00"))

    def test_doubled_hour(self):
        self.check(self.rows("queue_halfhour"), "half_hour utc_start offered",
                   [("2026-11-01 01:00", "2026-11-01T05:00:00Z", 1),
                    ("2026-11-01 01:00", "2026-11-01T06:00:00Z", 1)])

    def test_day_of_25_hours(self):
        self.check(self.rows("freshness"), "day whole state complete_to",
                   [("2026-11-01", 0, "open", "2026-11-02T04:59:00.000Z")])
        self.check(self.rows("conversations_by_day"), "day conversations whole",
                   [("2026-11-01", 2, 0)])

    def test_local_times_over_the_change_and_before_the_first_day(self):
        self.check(self.db.execute("SELECT * FROM v_conversation ORDER BY conversation_id"), "conversation_id local_start local_end local_date whole",
                   [("c1", "2026-11-01 01:10:00", "2026-11-01 02:00:00", "2026-11-01", 0),
                    ("c2", "2026-11-01 01:10:00", "2026-11-01 02:00:00", "2026-11-01", 0),
                    ("c3", "2026-10-31 23:59:59", "2026-11-01 02:00:00", "2026-10-31", 0)])


class Holes(QueryCase):
    """Days of Seoul over windows of UTC days, of which some are not there."""

    @staticmethod
    def fill(db):
        zone_days(db, "Asia/Seoul", 32400, "2026-02-28T15:00:00", *("%02dT15:00:00" % day for day in range(1, 6)))
        for start, end, state, complete in (
                ("02-28T15", "03-01T00", "settled", "03-01T00"), ("03-01T00", "03-02T00", "settled", "03-02T00"),
                ("03-02T16", "03-03T00", "settled", "03-03T00"), ("03-03T00", "03-04T00", "provisional", "03-04T00"),
                ("03-04T00", "03-05T00", "open", "03-04T15")):
            start, end, complete = (utc("2026-%s:00:00" % t) for t in (start, end, complete))
            insert(db, "extract_window", stream="conversations", state=state, complete_to=complete,
                   window_start=start, window_end=end)

    def test_a_day_is_whole_where_windows_cover_it(self):
        self.check(self.db.execute("SELECT * FROM freshness WHERE stream = 'conversations'"), "day whole state complete_to",
                   [("2026-03-01", 1, "settled", "2026-03-01T15:00:00.000Z"),  # the two that the hole touches are not asked for
                    ("2026-03-04", 1, "provisional", "2026-03-04T15:00:00.000Z"), ("2026-03-05", 0, "open", None)])
        # when extract ran last, the fifth had not begun
        insert(self.db, "run", command="extract", started_at=utc("2026-03-09T00:00:00"), planned_until=utc("2026-03-04T14:59:59"))
        self.check(self.db.execute("SELECT max(day) AS day FROM freshness"), "day", [("2026-03-04",)])
        self.db.execute("UPDATE run SET planned_until = '2026-03-04T15:00:00.000Z'")
        self.check(self.db.execute("SELECT max(day) AS day FROM freshness"), "day", [("2026-03-05",)])
        self.db.execute("DELETE FROM run")

    def test_every_scope_counts_from_its_first_window_to_its_last(self):
        for scope, day, state in (("a", 1, "settled"), ("a", 2, "settled"), ("b", 1, "provisional"), ("b", 2, "open"),
                                  ("c", 2, "settled"), ("c", 3, "settled")):
            insert(self.db, "extract_window", stream="units", scope=scope, state=state,
                   window_start=utc("2026-%sT15:00:00" % ("02-28" if day == 1 else "03-%02d" % (day - 1))),
                   window_end=utc("%02dT15:00:00" % day), complete_to=utc("%02dT%02d:00:00" % (day, 3 if state == "open" else 15)))
        self.check(self.db.execute("SELECT * FROM freshness WHERE stream = 'units'"), "day whole state complete_to",
                   [("2026-03-01", 1, "provisional", "2026-03-01T15:00:00.000Z"),
                    ("2026-03-02", 0, "open", "2026-03-02T03:00:00.000Z"),
                    ("2026-03-03", 1, "settled", "2026-03-03T15:00:00.000Z")])
        self.db.execute("DELETE FROM extract_window WHERE stream = 'units'")

    def test_it_costs_the_same_for_each_day(self):
        def cost(days):
            steps = []
            db = new_database(":memory:")
            for table, columns in (("zone_offset", "(utc_from, utc_to, offset_seconds, day, zone)"),
                                   ("extract_window", "(window_start, window_end, state, stream)")):
                db.execute(f"INSERT INTO {table} {columns} WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
                           "WHERE i < ?) SELECT date('2023-01-01', i || ' days') || 'T00:00:00.000Z', "
                           "date('2023-01-02', i || ' days') || 'T00:00:00.000Z', " +
                           ("0, date('2023-01-01', i || ' days'), '' FROM n" if table == "zone_offset" else
                            "'settled', 'conversations' FROM n"), (days - 1,))
            db.set_progress_handler(lambda: steps.append(1), 100)
            self.assertEqual(db.execute("SELECT count(*), sum(whole) FROM freshness").fetchone()[:], (days, days))
            return len(steps)

        self.assertLess(cost(1200), 5 * cost(300))


class Empty(QueryCase):
    @staticmethod
    def fill(db):
        pass

    def test_nothing_in_nothing_out(self):
        for name in NAMES:
            with self.subTest(name):
                self.assertEqual(self.rows(name), [])


class Files(QueryCase):
    fill = staticmethod(fill_seoul)

    @needs("sqlite3")
    def test_each_runs_in_the_shell_as_it_is(self):
        for path in QUERIES:
            with self.subTest(os.path.basename(path)), open(path, "rb") as text:
                done = subprocess.run(["sqlite3", "-bail", "-batch", "-csv", "-header", self.path],
                                      stdin=text, capture_output=True, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                rows = self.rows(os.path.basename(path)[:-4])
                lines = done.stdout.decode().splitlines()
                self.assertEqual(len(lines), len(rows) + 1 if rows else 0)

    def test_the_table_reference_has_every_column(self):
        with open(os.path.join(ROOT, "docs", "data-dictionary.md"), encoding="utf-8") as file:
            parts = re.split(r"^### (\w+)$", file.read(), flags=re.MULTILINE)
        sections = dict(zip(parts[1::2], parts[2::2]))
        for (relation,) in self.db.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"):
            for column in self.db.execute("SELECT name FROM pragma_table_info(?)", (relation,)):
                with self.subTest(relation=relation, column=column[0]):
                    self.assertRegex(sections.get(relation, ""), r"\b%s\b" % column[0])

    def test_no_query_walks_through_all_conversations(self):
        """A year must not slow a day: tables of what hangs on conversations are searched, never read whole."""
        roots = {root: name for name, root in self.db.execute(
            "SELECT m.name, m.rootpage FROM sqlite_schema AS m, pragma_table_info(m.name) AS t "
            "WHERE m.type = 'table' AND t.name = 'conversation_key' AND m.name <> 'conversation_change'")}
        for name in NAMES:
            text = query_text(name)
            given = {**dict.fromkeys(header_params(text)), "from": "2026-03-01", "to": "2026-03-07", "day": "2026-03-01", "kpi": "offered"}
            plan = self.db.execute("EXPLAIN " + text, given).fetchall()
            opened = {row[2]: roots.get(row[3]) for row in plan if row[1] == "OpenRead"}
            self.assertEqual({opened[row[2]] for row in plan if row[1] == "Rewind" and opened.get(row[2])}, set(), name)

    def test_views_are_safe_without_a_trusted_schema(self):
        self.db.execute("PRAGMA trusted_schema = OFF")
        for view in ("v_conversation", "v_metric", "v_segment", "freshness"):
            self.db.execute("SELECT * FROM " + view).fetchall()
        self.db.execute("PRAGMA trusted_schema = ON")


del QueryCase
