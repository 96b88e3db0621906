"""v_queue_day, v_queue_halfhour, v_queue_visit, v_agent_leg and the tables behind them: every column as Python makes it of
the stand-in's records, which its own aggregates equal (test_reconcile); never stale, whatever a kill leaves."""
import collections
import datetime
import itertools
import os
import random
import shutil
import sqlite3
import zoneinfo

from harness import FULL, WORLDS, TestCase, iso, killed, make_figures, midnight, same_rows, utc

COUNTS = {"offered": "nOffered", "answered": "tAnswered", "abandoned": "tAbandon", "short_abandoned": "tShortAbandon",
          "flow_out": "tFlowOut", "over_sla": "nOverSla", "handled": "tHandle", "transferred": "nTransferred",
          "blind_transferred": "nBlindTransferred", "consult_transferred": "nConsultTransferred", "talked": "tTalkComplete",
          "held": "tHeldComplete", "wrapped_up": "tAcw", "dialed": "tDialing", "contacted": "tContacting"}
SUMS = {"answer": "tAnswered", "abandon": "tAbandon", "flow_out": "tFlowOut", "handle": "tHandle", "talk": "tTalkComplete",
        "hold": "tHeldComplete", "acw": "tAcw", "dialing": "tDialing", "contacting": "tContacting"}
OWN = {"talk": "talked", "hold": "held", "acw": "wrapped_up", "dialing": "dialed", "contacting": "contacted"}
SWITCHES = ("include_flow_outs", "include_short_abandons", "include_abandons")
KEPT = ("interval_figure", "queue_visit", "agent_leg", "conversation_figure")
LISTENS = ("monitoring", "coaching", "barging", "screenMonitoring")


def ms(text):
    return round(utc(text).timestamp() * 1000)


def queue_of(purpose, session, metric):
    """Of the session's last segment with a queue that began before; if none had begun, of the first."""
    if purpose in ("customer", "external"):
        return ""
    named = [s for s in session.get("segments", ()) if "queueId" in s]
    begun = [s for s in named if s["segmentStart"] < metric["emitDate"] or
             (metric["name"] == "nOffered" and s["segmentStart"] == metric["emitDate"])]
    return (max(begun, key=lambda s: s["segmentStart"]) if begun else named[0] if named else {"queueId": ""})["queueId"]


class Records:
    """What the conversations' documents add up to in a zone."""

    def __init__(self, documents, zone):
        self.zone = zoneinfo.ZoneInfo(zone)
        self.conversations = [d["conversation"] for d in documents]

    def local(self, at):
        return datetime.datetime.fromtimestamp(at / 1000, self.zone)

    def sessions(self, conversation, *purposes):
        """(places of participant and session, participant, session)"""
        for no, p in enumerate(conversation.get("participants", ())):
            for place, s in enumerate(p.get("sessions", ())):
                if not purposes or p["purpose"] in purposes:
                    yield (no, place), p, s

    def metrics(self):
        """(emit date, queue, medium, name, value) of all that counts for a queue."""
        for c in self.conversations:
            for _, p, s in self.sessions(c):
                for m in s.get("metrics", ()):
                    queue = queue_of(p["purpose"], s, m)
                    if queue:
                        yield ms(m["emitDate"]), queue, s["mediaType"], m["name"], m["value"]

    def start_of(self, at):
        """Of the half-hour that the clock showed."""
        local = self.local(at)
        return at - ((local.minute * 60 + local.second) * 1000 + at % 1000) % 1800_000

    def figures(self, by_half_hour):
        found = collections.defaultdict(lambda: collections.defaultdict(list))
        for at, queue, media, name, value in self.metrics():
            start = self.start_of(at)
            if name in COUNTS.values():
                found[(start if by_half_hour else str(self.local(at).date()), queue, media)][name].append(value)
        return {key: self.row(values, key[0] if by_half_hour else None) for key, values in found.items()}

    def row(self, values, start):
        row = {column: sum(values[name]) if name[0] == "n" else len(values[name]) for column, name in COUNTS.items()}
        row.update({column + "_ms": sum(values[name]) for column, name in SUMS.items()})
        if start is not None:
            row["day"] = str(self.local(start).date())
            row["half_hour"] = self.local(start).strftime("%Y-%m-%d %H:%M")
        return row

    def visits(self):
        for c in self.conversations:
            stays = [stay for no, _, s in self.sessions(c, "acd") for stay in self.stays(no, s)]
            stays.sort(key=lambda v: v["entered_at"])
            answers = sorted(((ms(m["emitDate"]), p, s, queue_of(p["purpose"], s, m)) for _, p, s in self.sessions(c)
                              for m in s.get("metrics", ()) if m["name"] == "tAnswered"), key=lambda a: a[0])
            for n, v in enumerate(stays):
                again = min((o["entered_at"] for o in stays[n + 1:] if o["queue_id"] == v["queue_id"]), default=1 << 60)
                here = [a for a in answers if a[3] == v["queue_id"] and v["entered_at"] <= a[0] < again]
                names = [m["name"] for m in v.pop("metrics")]
                late = here and any(m["name"] == "nOverSla" and v["entered_at"] <= ms(m["emitDate"]) < again
                                    for m in here[0][2]["metrics"])
                v.update(conversation_id=c["conversationId"], user_id=here[0][1].get("userId") if here else None,
                         over_sla=int(bool(late)), short_abandoned=int("tShortAbandon" in names),
                         outcome="answered" if here else "abandoned" if "tAbandon" in names else
                         "flowed_out" if "tFlowOut" in names else "other" if v["left_at"] else "waiting",
                         day=str(self.local(v["entered_at"]).date()))
                yield v

    def stays(self, no, session):
        """Runs of segments of one queue, with the metrics that were emitted since each began."""
        named = sorted((s for s in session.get("segments", ()) if "queueId" in s), key=lambda s: ms(s["segmentStart"]))
        runs = [list(g) for _, g in itertools.groupby(named, key=lambda s: s["queueId"])]
        found = [[] for _ in runs]
        for m in session.get("metrics", ()):
            at, offer = ms(m["emitDate"]), m["name"] == "nOffered"
            begun = [i for i, r in enumerate(runs) if ms(r[0]["segmentStart"]) < at + offer]
            if runs:
                found[begun[-1] if begun else 0].append(m)
        for i, (run, metrics) in enumerate(zip(runs, found)):
            there = [s for s in run if s["segmentType"] != "scheduled"]
            if not there and all(m["name"] != "nOffered" for m in metrics):
                continue
            is_over = all("segmentEnd" in s for s in run)
            after = ms(runs[i + 1][0]["segmentStart"]) if i + 1 < len(runs) else None
            acd = [m["value"] for m in metrics if m["name"] == "tAcd"]
            yield {"queue_id": run[0]["queueId"], "media_type": session["mediaType"], "metrics": metrics,
                   "entered_at": ms((there or run)[0]["segmentStart"]), "wait_ms": sum(acd) if acd else None,
                   "left_at": max(ms(s["segmentEnd"]) for s in run) if is_over else after, "no": no}

    def legs(self):
        for c in self.conversations:
            for no, p, s in self.sessions(c, "agent", "user"):
                values, at = collections.defaultdict(list), collections.defaultdict(list)
                for m in s.get("metrics", ()):
                    values[m["name"]].append(m["value"])
                    at[m["name"]].append(ms(m["emitDate"]))
                if "userId" not in p or not (values["tAnswered"] or values["tHandle"]):
                    continue
                segments = sorted(s["segments"], key=lambda g: ms(g["segmentStart"]))
                kind = "consult" if values["nConsultTransferred"] else "blind" if values["nBlindTransferred"] else None
                started = ms(segments[0]["segmentStart"])
                yield {"no": no, "conversation_id": c["conversationId"], "user_id": p["userId"], "started_at": started,
                       "day": str(self.local(started).date()), "media_type": s["mediaType"], "direction": s["direction"],
                       "purpose": p["purpose"], "answered": len(values["tAnswered"]), "handled": len(values["tHandle"]),
                       **{column + "_ms": sum(values[SUMS[column]]) for column in (*OWN, "handle")},
                       "queue_id": ([g["queueId"] for g in segments if "queueId" in g] or [None])[-1],
                       "wrap_up_code": ([g["wrapUpCode"] for g in segments if "wrapUpCode" in g] or [None])[-1],
                       "transferred": sum(values["nTransferred"]), "transfer_kind": kind,
                       **dict(zip(("to_queue_id", "to_user_id"), self.goal(c, no, at, kind)))}

    def whole(self, c):
        """Of a conversation at all, as v_conversation has it."""
        sessions, found = list(self.sessions(c)), collections.defaultdict(list)
        for no, p, s in sessions:
            for m in s.get("metrics", ()):
                found[m["name"]].append(m["value"])
        segments = [((*no, i), p, g) for no, p, s in sessions for i, g in enumerate(s.get("segments", ()))]

        def first(of):
            """of(participant, segment) where that is something and the segment began first."""
            return min(((g["segmentStart"], place, of(p, g)) for place, p, g in segments if of(p, g)), default=[None])[-1]

        def last(of, key=lambda p, g: (g.get("segmentEnd", "open"), g["segmentStart"])):
            return max(((key(p, g), place, of(p, g)) for place, p, g in segments if of(p, g)), default=(None, (None,), None))

        def of_session(name, *purposes):
            return next((s[name] for _, p, s in sessions if s.get(name) and (not purposes or p["purpose"] in purposes)), None)

        def agent(*types):
            return lambda p, g: p["purpose"] in ("agent", "user") and g["segmentType"] in types and p.get("userId")

        _, (who, *_), last_agent = last(agent("interact", "hold"))
        coded = [(g["segmentStart"], place, g["wrapUpCode"]) for place, _, g in segments if "wrapUpCode" in g and who in (None, place[0])]
        return {"media_type": of_session("mediaType"), "message_type": of_session("messageType"),
                "media_types": ",".join(sorted({s["mediaType"] for _, _, s in sessions if "mediaType" in s})) or None,
                **{k: of_session(k, "customer") or of_session(k, "external") for k in ("ani", "dnis")},
                "first_queue_id": first(lambda _, g: g.get("queueId")), "first_agent_id": first(agent("interact")), "last_agent_id": last_agent,
                "last_queue_id": last(lambda p, g: p["purpose"] not in ("customer", "external") and g["segmentType"] not in (
                    "wrapup", "alert", "dialing", "contacting") and g.get("queueId"))[-1],
                "first_wrap_up_code": first(lambda _, g: g.get("wrapUpCode")), "last_wrap_up_code": max(coded, default=[None])[-1],
                "customer_disconnect_type": last(lambda p, g: p["purpose"] in ("customer", "external") and g.get("disconnectType"), lambda p, g: (
                    p["purpose"] == "customer", g.get("segmentEnd", "")))[-1],
                "participant_count": len(c["participants"]), "agent_count": len({p["userId"] for _, p, g in segments if agent("interact")(p, g)}),
                "division_ids": ",".join(c.get("divisionIds", ())) or None,
                **{k: len(found[COUNTS[k]]) for k in (*list(COUNTS)[:10], "handled")}, "connected": len(found["nConnected"]),
                "outbound": len(found["nOutbound"]), **{f"{k}_ms": sum(found[name]) if found[name] else None for k, name in {
                    **SUMS, "acd": "tAcd", "ivr": "tIvr", "alert": "tAlert"}.items() if k != "flow_out"}}

    def goal(self, c, no, at, kind):
        if not kind:
            return None, None
        moved = max(at["nConsultTransferred"] + at["nBlindTransferred"])
        since = moved if kind == "blind" else max(at["nConsult"])
        begun = [(v["entered_at"], 0, v["queue_id"]) for n, _, s in self.sessions(c, "acd") for v in self.stays(n, s)]
        for n, p, s in self.sessions(c, "agent", "user"):
            starts = [ms(g["segmentStart"]) for g in s.get("segments", ()) if g["segmentType"] not in LISTENS]
            if starts and n[0] != no[0] and "userId" in p:
                begun.append((min(starts), 1, p["userId"]))
        begun = sorted(b for b in begun if b[0] >= since and (kind == "blind" or b[0] <= moved))
        _, is_user, goal = begun[0] if begun else (0, 0, None)
        return (None, goal) if is_user else (goal, None)


def divided(row, over, times=1.0):
    return times * row[over[0]] / row[over[1]] if row[over[1]] else None


def told(row):
    """Without its place in the document."""
    return {k: v for k, v in row.items() if k != "no"}


def ratios(row, flows=0, shorts=1, abandons=1):
    """Those of v_queue_day, of the columns that stand beside them."""
    below = row["answered"] + (row["flow_out"] if flows else 0)
    if abandons:
        below += row["abandoned"] - (0 if shorts else row["short_abandoned"])
    above = row["answered"] - row["over_sla"]
    found = {"service_level_numerator": above, "service_level_denominator": below,
             "service_level_percent": 100.0 * above / below if below else None,
             "abandon_percent": divided(row, ("abandoned", "offered"), 100.0),
             "avg_answer_seconds": divided(row, ("answer_ms", "answered"), 0.001),
             "avg_handle_seconds": divided(row, ("handle_ms", "handled"), 0.001)}
    for part, own in OWN.items():
        found[f"avg_{part}_seconds"] = divided(row, (part + "_ms", "handled"), 0.001)
        found[f"avg_{part}_when_{own}_seconds"] = divided(row, (part + "_ms", own), 0.001)
    return found


class Figures(TestCase):
    def begin(self, zone, start, days, now, streams="users, queues, wrapup_codes, conversations", **options):
        server = self.standin(start=start, days=days, now=now, availability=now, per_day=70, agents=10, queues=3, **options)
        site = self.site(server.url, start=start, timezone=zone, extract={"streams": streams})
        return server, site

    def same(self, wanted, have, what):
        self.assertEqual(set(wanted), set(have), what)
        for key, row in wanted.items():
            self.assertEqual({c: have[key][c] for c in row}, row, (what, key))

    def check_ratios(self, site, view):
        """Every ratio is of columns that stand beside it, for all settings of the switches."""
        names = {r["queue_id"]: r["name"] for r in site.query("SELECT * FROM queue")}
        for on in itertools.product((0, 1), repeat=3):
            site.change("UPDATE kpi SET " + ", ".join(f"{s} = {v}" for s, v in zip(SWITCHES, on)))
            for row in site.query(f"SELECT * FROM {view}"):
                flows, shorts, abandons = on
                wanted = {**ratios(row, flows, shorts, abandons), "queue_name": names[row["queue_id"]]}
                for column, value in wanted.items():
                    if isinstance(value, float):
                        self.assertAlmostEqual(row[column], value, 6, (on, column))
                    else:
                        self.assertEqual(row[column], value, (on, column))
        site.change("UPDATE kpi SET include_flow_outs = 0")

    def check_all(self, zone, start, days, now, **options):
        server, site = self.begin(zone, start, days, now, **options)
        self.ok(site.run("extract", "--until", now))
        records = Records(server.truth(iso(midnight(start, zone))), zone)
        self.assertEqual(len(records.conversations), site.value("SELECT count(*) FROM conversation"))
        rows = site.query("SELECT * FROM v_queue_day")
        self.same(records.figures(False), {(r["day"], r["queue_id"], r["media_type"]): r for r in rows}, "v_queue_day")
        rows = site.query("SELECT * FROM v_queue_halfhour")
        self.same(records.figures(True), {(ms(r["utc_start"]), r["queue_id"], r["media_type"]): r for r in rows}, "v_queue_halfhour")
        self.check_visits(site, records)
        self.check_legs(site, records)
        rows = site.query("SELECT * FROM v_conversation")
        self.same({c["conversationId"]: records.whole(c) for c in records.conversations}, {r["conversation_id"]: r for r in rows}, "v_conversation")
        for view in ("v_queue_day", "v_queue_halfhour"):
            self.check_ratios(site, view)
        return server, site

    def check_visits(self, site, records):
        users, queues = ({r[0]: r[1] for r in site.query(f"SELECT {t}_id, name FROM {t}")} for t in ("user", "queue"))
        targets = {(r["queue_id"], r["media_type"]): r["target_seconds"] for r in site.query("SELECT * FROM queue_media")}
        rows = [{**r, "entered_at": ms(r["entered_at"]), "left_at": r["left_at"] and ms(r["left_at"])}
                for r in map(dict, site.query("SELECT * FROM v_queue_visit"))]
        wanted = [{**v, "user_name": users.get(v["user_id"]), "queue_name": queues[v["queue_id"]],
                   "target_seconds": targets[v["queue_id"], v["media_type"]]} for v in map(told, records.visits())]
        same_rows(self, {"v_queue_visit": wanted}, {"v_queue_visit": rows})
        self.assertLessEqual({"answered", "abandoned", "flowed_out"}, {v["outcome"] for v in wanted})

    def check_legs(self, site, records):
        users, queues, codes = ({r[0]: r[1] for r in site.query(f"SELECT {key}, name FROM {t}")} for t, key in (
            ("user", "user_id"), ("queue", "queue_id"), ("wrapup_code", "wrapup_code_id")))
        rows = [{**r, "started_at": ms(r["started_at"])} for r in map(dict, site.query("SELECT * FROM v_agent_leg"))]
        wanted = [{**v, "user_name": users.get(v["user_id"]), "queue_name": queues.get(v["queue_id"]),
                   "wrap_up_name": codes.get(v["wrap_up_code"])} for v in map(told, records.legs())]
        same_rows(self, {"v_agent_leg": wanted}, {"v_agent_leg": rows})
        self.assertLessEqual({"blind", "consult", None}, {v["transfer_kind"] for v in wanted})

    def test_every_column(self):
        for zone, start, seed, calls in WORLDS:
            with self.subTest(zone=zone, start=start, seed=seed, calls=calls):
                now = f"{datetime.date.fromisoformat(start) + datetime.timedelta(days=3)}T20:00:00Z"
                self.check_all(zone, start, 4, now, seed=seed, voice_only=calls, eventful=True if FULL and seed == 8 else None)

    def kept(self, path):
        db = sqlite3.connect(path)
        rows = {t: sorted(map(repr, db.execute(f"SELECT * FROM {t}"))) for t in KEPT}
        db.close()
        return rows

    def never_stale(self, site):
        """As they are made anew, from all records."""
        copy = os.path.join(site.directory, "copy.db")
        db = sqlite3.connect(site.db)
        db.execute("VACUUM INTO ?", (copy,))
        db.close()
        before = self.kept(copy)
        db = sqlite3.connect(copy)
        for table in KEPT:
            db.execute(f"DELETE FROM {table}")
        db.commit()
        make_figures(copy)
        self.assertEqual(db.execute("SELECT count(*) FROM fact_owed").fetchone()[0], 0)
        self.assertEqual(*(sorted(db.execute(f"SELECT conversation_key FROM {t}")) for t in ("conversation", "conversation_figure")))
        db.close()
        self.assertEqual(before, self.kept(copy))
        os.unlink(copy)

    def test_never_stale(self):
        """Nights in which records change, each killed here and there."""
        seed = random.randrange(1 << 30)
        random.seed(seed)
        print("seed", seed)
        server, site = self.begin("UTC", "2026-03-01", 4, "2026-03-02T06:00:00Z", streams="conversations", seed=6, eventful=True)
        for night in range(2, 9 if FULL else 5):
            now = f"2026-03-0{night}T06:00:00Z"
            server.control(now=now, availability=f"2026-03-0{night}T01:00:00Z")
            for step in sorted(random.sample(range(20, 160), 6 if FULL else 2)):
                shot = site.run("extract", "--until", now, env={"ROLLCALL_KILL_STEP": step})
                self.assertTrue(killed(shot) or shot.returncode == 0, (seed, shot.stderr))
                self.never_stale(site)
            self.ok(site.run("extract", "--until", now))
            self.never_stale(site)
        self.assertGreater(site.value("SELECT sum(rows_changed) FROM run"), 10)

    def test_an_older_file_gets_them(self):
        _, site = self.begin("UTC", "2026-03-01", 2, "2026-03-02T06:00:00Z", streams="queues, conversations")
        self.ok(site.run("extract", "--until", "2026-03-02T06:00:00Z"))
        wanted = self.kept(site.db)
        shutil.copy(site.db, site.db + ".new")
        with open(os.path.join(os.path.dirname(__file__), "..", "..", "schema", "0011_fact.sql"), encoding="utf-8") as f:
            text = f.read()
        site.change("".join(f"DROP TABLE {t};" for t in (*KEPT, "fact_owed")) + text)
        self.assertNotEqual(wanted, self.kept(site.db))
        self.ok(site.run("extract", "--until", "2026-03-02T06:00:00Z"))
        self.assertEqual(wanted, self.kept(site.db))
        self.assertEqual(site.value("SELECT count(*) FROM queue_media"), 15)

    def test_what_a_whole_day_was(self):
        """It is kept when the day first moves, by a record that changes or one that comes, and no move after that touches it."""
        _, site = self.begin("UTC", "2026-03-01", 2, "2026-03-02T06:00:00Z", streams="queues, conversations")
        self.ok(site.run("extract", "--until", "2026-03-02T06:00:00Z"))

        def rows(what):
            return sorted(tuple(r) for r in site.query(what))

        sums = ("SELECT queue_id, media_type, sum(offered), sum(handle_ms) FROM interval_figure "
                "WHERE queue_id <> '' AND utc_start BETWEEN '2026-03-01' AND '2026-03-02' GROUP BY 1, 2")
        kept = "SELECT queue_id, media_type, offered, handle_ms FROM figure_kept WHERE queue_id <> ''"
        keys = [k for k, in site.query("SELECT conversation_key FROM interval_figure WHERE queue_id <> '' AND handle_ms > 0 "
                                       "GROUP BY 1 HAVING min(utc_start) > '2026-03-01' AND max(utc_start) < '2026-03-02' LIMIT 2")]
        self.assertEqual((rows("SELECT day FROM figure_kept"), rows(kept)), ([("2026-03-01",)], []))
        for change in ("UPDATE session_metric SET value = value + 1000 WHERE conversation_key = {0}",
                       "DELETE FROM interval_figure WHERE conversation_key = {0}"):
            site.change("DELETE FROM figure_kept WHERE queue_id <> ''; UPDATE figure_touched SET is_due = 0; " + change.format(keys[0]))
            before = rows(sums)
            site.change(f"UPDATE segment SET queue_id = 'another' WHERE queue_id <> '' AND conversation_key = {keys[1]}")
            for key in (*keys, keys[1]):
                make_figures(site.db, f"VALUES ({key})")
                self.assertEqual(before, rows(kept))
            self.assertNotEqual(before, rows(sums))
