"""The analysts' queries against a second computation, in Python, over what the stand-in says is true."""
import collections
import datetime
import json
import sqlite3
import unittest
import zoneinfo

from harness import FULL, ROOT, WORLDS, Api, TestCase, utc
from test_figures import COUNTS, Records, queue_of, ratios
from test_figures import SUMS as PARTS
from test_report import Page

STREAMS = "users, queues, wrapup_codes, skills, flows, flow_outcome_definitions, campaigns, conversations, evaluation_details, survey_details"
SUMS = {part + "_ms": name for part, name in PARTS.items()}
STEPS = (5, 10, 20, 30, 60, 120, 300, 600, None)


# What is called by an id.
NAMED = "queue user skill flow wrapup_code campaign flow_outcome_definition".split()


class About(float):
    """Of which a query shows one decimal."""


def about(value):
    return value if value is None else About(value)


def part(whole, of):
    return None if not of else whole / of


def seconds(values):
    return part(sum(values) / 1000, len(values))


class World(TestCase):
    """Conversations as documents, and all their metrics, placed."""

    Metric = collections.namedtuple("Metric", "id participant session name value emitted queue user media purpose")

    @classmethod
    def setUpClass(cls):
        if not getattr(cls, "zone", None):
            raise unittest.SkipTest("the frame of the others")
        case = cls.shared()
        first = datetime.date.fromisoformat(cls.start)
        now = f"{first + datetime.timedelta(days=cls.days)}T05:50:00Z"
        server = case.standin(start=cls.start, days=cls.days, now=now, per_day=520 // cls.days, agents=12, queues=4, seed=cls.seed, eventful=True,
                              voice_only=cls.calls)
        cls.site = site = case.site(server.url, start=cls.start, timezone=cls.zone, extract={"streams": STREAMS})
        case.ok(site.extract("--until", now))
        cls.tz = zoneinfo.ZoneInfo(cls.zone)
        begun = datetime.datetime.combine(first, datetime.time(), cls.tz).astimezone(datetime.timezone.utc)
        lines = server.truth(str(begun.date()), now=now)
        cls.documents = {line["conversation"]["conversationId"]: line["conversation"] for line in lines}
        cls.records = Records(lines, cls.zone)
        cls.api = Api(server.url)
        cls.metrics = [m for d in cls.documents.values() for m in cls.placed(d)]
        cls.first, cls.last = str(first + datetime.timedelta(days=1)), str(first + datetime.timedelta(days=cls.days - 1))
        cls.names = dict(site.query("SELECT queue_id, name FROM queue"))
        flows = [s["flow"] for d in cls.documents.values() for p in d["participants"] for s in p.get("sessions") or [] if s.get("flow")]
        cls.called = {f.get("flowId"): f.get("flowName") for f in flows}  # where no list has it, as the record has it
        cls.called.update(r for table in NAMED for r in map(tuple, site.query(f"SELECT {table}_id, name FROM {table}")))
        cls.whole = dict(site.query("SELECT day, whole FROM freshness WHERE stream = 'conversations'"))
        queues = cls.api.ask("/api/v2/routing/queues?pageSize=100")["entities"]
        cls.targets = {(q["id"], {"call": "voice"}.get(media, media)): of["serviceLevel"]["durationMs"] / 1000 for q in queues
                       for media, of in q["mediaSettings"].items()}
        cls.db = site.connect()
        cls.addClassCleanup(cls.db.close)

    @classmethod
    def placed(cls, document):
        for p, participant in enumerate(document["participants"]):
            for s, session in enumerate(participant.get("sessions") or []):
                for metric in session.get("metrics") or []:
                    if metric.get("emitDate"):
                        yield cls.Metric(document["conversationId"], p, s, metric["name"], metric.get("value") or 0, utc(metric["emitDate"]),
                                         queue_of(participant.get("purpose"), session, metric) or None, participant.get("userId"),
                                         session.get("mediaType"), participant.get("purpose"))

    def day(self, moment):
        return str((utc(moment) if isinstance(moment, str) else moment).astimezone(self.tz).date())

    def inside(self, moment):
        return self.first <= self.day(moment) <= self.last

    def local(self, moment):
        return (utc(moment) if isinstance(moment, str) else moment).astimezone(self.tz).strftime("%Y-%m-%d %H:%M:%S")

    def first_media(self, document):
        return next((s["mediaType"] for p in document["participants"] for s in p.get("sessions") or [] if s.get("mediaType")), None)

    def begun(self):
        """Conversations that began in the range, with the day."""
        return [(self.day(d["conversationStart"]), d) for d in self.documents.values() if self.inside(d["conversationStart"])]

    def served(self, path):
        return self.api.known("/api/v2/quality/" + path)

    def parts(self, document, of):
        """What is below its sessions: of(session) of each, with participant and session."""
        return [(p, s, x) for p in document["participants"] for s in p.get("sessions") or [] for x in of(s) or []]

    def rows(self, query, /, **params):
        return [dict(row) for row in ask(self.db, query, **{"from": self.first, "to": self.last, **params})]

    def same(self, rows, key, expected, but=""):
        """Rows are those expected, {key: {column: value}}, each once, in every column; reals to a millionth. Names are those of the ids beside
        them; some columns another test looks at."""
        found = {tuple(row[k] for k in key.split()): row for row in rows}
        self.assertEqual(len(found), len(rows))
        self.assertEqual(set(found), set(expected))
        for name, columns in expected.items():
            for column, value in columns.items():
                if isinstance(value, float):
                    self.assertAlmostEqual(found[name][column], value, delta=0.051 if isinstance(value, About) else 1e-5, msg=f"{name} {column}")
                else:
                    self.assertEqual(found[name][column], value, f"{name} {column}")
        for row in rows:
            names = {column for column in row if column.endswith("_name") and row.keys() & {column[:-4] + "id", column[:-4] + "code"}}
            for column in names:
                self.assertEqual(row[column], self.called.get(row.get(column[:-4] + "id", row.get(column[:-4] + "code"))), column)
            if "whole" in row:
                self.assertEqual(row["whole"], self.whole.get(next(row[c][:10] for c in ("day", "half_hour", "local_time") if c in row), 0))
            self.assertEqual({*row} - names - {*key.split(), *but.split(), "whole", *next(iter(expected.values()))}, set())
        self.assertTrue(expected or self.calls)

    def figure(self, metrics):
        """The figures of v_queue_day over some metrics."""
        named = collections.defaultdict(list)
        for m in metrics:
            named[m.name].append(m.value)
        row = self.records.row(named, None)
        return {**row, **ratios(row)}

    def figures(self, key):
        """{key(metric): figures} of what counts in queues in the range."""
        groups = collections.defaultdict(list)
        for m in self.metrics:
            if m.queue and self.inside(m.emitted) and m.name in {*COUNTS.values(), *SUMS.values()}:
                groups[key(m)].append(m)
        return {k: self.figure(v) for k, v in groups.items()}

    def interval(self, m, minutes):
        """(beginning on the clock, its first instant): two where the clock is set within it"""
        local = m.emitted.astimezone(self.tz)
        begun = local - datetime.timedelta(minutes=local.minute % minutes, seconds=local.second, microseconds=local.microsecond)
        utc = (begun.replace(tzinfo=None) - local.utcoffset()).replace(tzinfo=datetime.timezone.utc)
        while utc.astimezone(self.tz).utcoffset() != local.utcoffset():
            utc += datetime.timedelta(minutes=15)
        return begun.strftime("%Y-%m-%d %H:%M"), utc.strftime("%Y-%m-%dT%H:%M:%SZ")


class Queries(World):
    def test_queue_day(self):
        self.same(self.rows("queue_day"), "day queue_id media_type", self.figures(lambda m: (self.day(m.emitted), m.queue, m.media)))
        one = next(iter(self.names))
        for media in ("voice",) if self.calls else ("voice", "email"):
            rows = self.rows("queue_day", queue=self.names[one].upper(), media=media)
            self.same(rows, "day queue_id media_type", {k: v for k, v in self.figures(
                lambda m: (self.day(m.emitted), m.queue, m.media)).items() if k[1:] == (one, media)})
            self.assertEqual({row["queue_name"] for row in rows}, {self.names[one]})

    def test_queue_interval(self):
        for minutes in (15, 30, 60):
            self.same(self.rows("queue_interval", minutes=str(minutes)), "day half_hour utc_start queue_id media_type",
                      self.figures(lambda m, minutes=minutes: (self.day(m.emitted), *self.interval(m, minutes), m.queue, m.media)))
        rows = self.rows("queue_interval")
        columns = [row[1] for row in self.site.query("PRAGMA table_info(v_queue_halfhour)")]
        self.assertEqual(list(rows[0]), columns)
        self.assertEqual([tuple(row.values()) for row in rows], [tuple(row) for row in self.site.query(
            "SELECT * FROM v_queue_halfhour WHERE day BETWEEN ? AND ? ORDER BY utc_start, queue_name, queue_id, media_type",
            self.first, self.last)])

    def test_service_level(self):
        want = ("offered", "answered", "abandoned", "short_abandoned", "flow_out", "over_sla", "service_level_numerator",
                "service_level_denominator", "service_level_percent", "abandon_percent", "avg_answer_seconds")
        for by, key in ((None, lambda m: (None, None, None)), ("day", lambda m: (self.day(m.emitted), None, None)),
                        ("half_hour", lambda m: (self.day(m.emitted), *self.interval(m, 30)))):
            expected = self.figures(lambda m, key=key: (*key(m), m.queue, m.media))
            self.same(self.rows("service_level", by=by), "day half_hour utc_start queue_id media_type",
                      {k: {**{c: v[c] for c in want}, "target_seconds": self.targets.get(k[3:], 20)} for k, v in expected.items()})

    def test_the_switches(self):
        """They change what a share is of, in all that shows it; why adds up to it all the same."""
        db = sqlite3.connect(":memory:")
        self.db.backup(db)
        self.addCleanup(db.close)
        day = self.last
        for flow_outs, shorts, abandons in ((1, 1, 1), (0, 0, 1), (1, 0, 0)):
            db.execute("UPDATE kpi SET include_flow_outs = ?, include_short_abandons = ?, include_abandons = ?", (flow_outs, shorts, abandons))
            f = self.figure([m for m in self.metrics if m.queue and self.day(m.emitted) == day])
            denominator = f["answered"] + flow_outs * f["flow_out"] + abandons * (f["abandoned"] - (1 - shorts) * f["short_abandoned"])
            for name, column, params in (("queue_day", "service_level_denominator", {"from": day, "to": day}),
                                         ("queue_interval", "service_level_denominator", {"from": day, "to": day, "minutes": "60"}),
                                         ("why", "value", {"day": day, "kpi": "service_level_denominator"})):
                self.assertEqual(sum(row[column] for row in ask(db, name, **params)), denominator, (name, flow_outs, shorts, abandons))

    def test_why(self):
        queue, media = "", "voice"
        for kpi, name in {**COUNTS, **SUMS}.items():
            for day in (self.first, self.last):
                expected = collections.defaultdict(int)
                counted = [m for m in self.metrics if m.name == name and m.queue and self.day(m.emitted) == day and m.media == media]
                for m in counted:
                    expected[m.id] += 1 if kpi in COUNTS and name.startswith("t") else m.value
                emitted = {m.id: m.emitted for m in sorted(counted, key=lambda m: m.emitted)}
                self.assertEqual({row["conversation_id"]: (row["value"], utc(row["emit_date"])) for row in self.rows("why", kpi=kpi, day=day, media=media)},
                                 {k: (v, emitted[k]) for k, v in expected.items() if v})
        for kpi in ("service_level_numerator", "handle_ms"):
            for row in self.rows("queue_day", **{"from": self.last}):
                why = self.rows("why", kpi=kpi, day=self.last, queue=row["queue_id"], media=row["media_type"])
                self.assertEqual(sum(r["value"] for r in why), row[kpi])
                queue = queue or row["queue_id"]
        self.assertTrue(queue)

    def test_queue_wait(self):
        expected = collections.defaultdict(list)
        for visit in self.records.visits():
            if self.first <= visit["day"] <= self.last:
                expected[visit["queue_id"], visit["media_type"]].append(visit)

        def place(waits, share):
            """The smallest that so much of them is not above."""
            return next((w / 1000 for i, w in enumerate(waits, 1) if i >= share * len(waits)), None)

        def columns(visits):
            waits = sorted(v["wait_ms"] for v in visits if v["wait_ms"] is not None)
            return {"visits": len(visits), **{o: sum(v["outcome"] == o for v in visits) for o in (
                "answered", "abandoned", "flowed_out", "other", "waiting")}, "over_sla": sum(v["over_sla"] for v in visits),
                "short_abandoned": sum(v["short_abandoned"] for v in visits),
                "avg_wait_seconds": seconds(waits), "max_wait_seconds": max(waits, default=None) and max(waits) / 1000,
                "median_wait_seconds": place(waits, 0.5), "p90_wait_seconds": place(waits, 0.9)}

        self.same(self.rows("queue_wait"), "queue_id media_type",
                  {k: {**columns(v), "target_seconds": self.targets.get(k, 20)} for k, v in expected.items()})

    def test_abandons_by_wait(self):
        waits = [m.value / 1000 for m in self.metrics if m.name == "tAbandon" and m.queue and self.inside(m.emitted)]
        expected, running, below = {}, 0, -1
        for step in STEPS:
            count = sum(below < w and (step is None or w <= step) for w in waits)
            running, below = running + count, step
            expected[(step,)] = {"abandoned": count, "percent": 100.0 * count / len(waits), "running_percent": 100.0 * running / len(waits)}
        rows = self.rows("abandons_by_wait")
        self.same(rows, "upto_seconds", expected)
        self.assertEqual([row["upto_seconds"] for row in rows], list(STEPS))
        self.assertEqual(sum(row["abandoned"] for row in rows), sum(row["abandoned"] for row in self.rows("queue_day")))

    def test_transfers(self):
        goals = {(leg["conversation_id"], *leg["no"]): leg["to_queue_id"] for leg in self.records.legs()}
        expected = collections.defaultdict(lambda: dict.fromkeys(("transferred", "blind_transferred", "consult_transferred"), 0))
        names = {COUNTS[k]: k for k in ("transferred", "blind_transferred", "consult_transferred")}
        for m in self.metrics:
            if m.name in names and self.inside(m.emitted):
                expected[m.queue, goals.get((m.id, m.participant, m.session))][names[m.name]] += m.value
        rows = self.rows("transfers")
        self.same(rows, "from_queue_id to_queue_id", expected)
        self.assertEqual(sum(r["transferred"] for r in rows if r["from_queue_id"]), sum(r["transferred"] for r in self.rows("queue_day")))

    def test_repeat_contacts(self):
        def address(document):
            """Of the customer's first session with one, else an outside party's."""
            for purpose in ("customer", "external"):
                for p in document["participants"]:
                    for s in p.get("sessions") or []:
                        found = s.get("ani") or s.get("addressFrom")
                        if p.get("purpose") == purpose and found:
                            return found
            return None

        for days in (1, 7):
            by = collections.defaultdict(list)
            for d in self.documents.values():
                if d.get("originatingDirection") == "inbound" and address(d):
                    by[address(d)].append(utc(d["conversationStart"]))
            expected = {}
            for who, moments in by.items():
                moments.sort()
                repeats = sum(self.inside(b) and b - a <= datetime.timedelta(days=days) for a, b in zip(moments, moments[1:]))
                if repeats:
                    expected[(who,)] = {"contacts": sum(map(self.inside, moments)), "repeats": repeats}
            if expected:
                self.same(self.rows("repeat_contacts", days=str(days)), "address", expected)
            else:
                self.assertEqual(self.rows("repeat_contacts", days=str(days)), [])
        copy = sqlite3.connect(":memory:")
        self.addCleanup(copy.close)
        self.db.backup(copy)
        copy.execute("UPDATE session SET ani = '+1'")
        said = [list(map(tuple, ask(copy, "repeat_contacts", days=days))) for days in (1000, 2 ** 63 - 1)]
        self.assertEqual(said[0], said[1])
        self.assertEqual([row[0] for row in said[0]], ["+1"])

    def test_attribute_values(self):
        having, holding, cut = collections.Counter(), collections.Counter(), collections.Counter()
        for _, d in self.begun():
            pairs = {pair for p in d["participants"] for pair in (p.get("attributes") or {}).items()}
            having.update({name for name, _ in pairs})
            holding.update(pairs)
            cut.update(p for p in pairs if len(p[1]) == 1024)
        expected = {pair: {"conversations": n, "percent": 100.0 * n / having[pair[0]], "cut": cut[pair]} for pair, n in holding.items()}
        self.same(self.rows("attribute_values"), "name value", expected)
        name = having.most_common(1)[0][0]
        self.same(self.rows("attribute_values", name=name), "name value", {k: v for k, v in expected.items() if k[0] == name})

    def test_flows(self):
        runs, all_of, timed = collections.defaultdict(list), collections.Counter(), collections.defaultdict(list)
        for day, d in self.begun():
            for _, s, flow in self.parts(d, lambda s: [s["flow"]] if s.get("flow") else []):
                key = (day, flow.get("flowId"), flow.get("flowType"), flow.get("exitReason"))
                runs[key].append(d["conversationId"])
                all_of[key[:3]] += 1
                values = [m.get("value") or 0 for m in s.get("metrics") or [] if m["name"] == "tFlow"]
                timed[key] += [sum(values)] if values else []
        self.same(self.rows("flows"), "day flow_id flow_type exit_reason", {k: {
            "entries": len(v), "conversations": len(set(v)), "percent": 100.0 * len(v) / all_of[k[:3]],
            "avg_flow_seconds": seconds(timed[k])} for k, v in runs.items()})

    def test_flow_outcomes(self):
        ended, took, told = (collections.defaultdict(list) for _ in range(3))
        for day, d in self.begun():
            for _, s, outcome in self.parts(d, lambda s: (s.get("flow") or {}).get("outcomes")):
                key, times = (day, s["flow"].get("flowId"), outcome.get("flowOutcomeId")), [
                    outcome.get(f"flowOutcome{end}Timestamp") for end in ("Start", "End")]
                ended[key].append(outcome.get("flowOutcomeValue"))
                told[key].append(outcome.get("flowOutcome") or "")
                took[key] += [(utc(times[1]) - utc(times[0])).total_seconds() * 1000] if all(times) else []
        self.same(self.rows("flow_outcomes"), "day flow_id flow_outcome_id", {k: {
            "flow_outcome": self.called.get(k[2]) or max(told[k]) or None, "outcomes": len(v), "reached": v.count("SUCCESS"), "missed": v.count("FAILURE"),
            "reached_percent": part(100.0 * v.count("SUCCESS"), v.count("SUCCESS") + v.count("FAILURE")),
            "avg_outcome_seconds": about(seconds(took[k]))} for k, v in ended.items()})

    def test_surveys(self):
        sent = collections.defaultdict(list)
        for day, d in self.begun():
            served = self.served(f"conversations/{d['conversationId']}/surveys") if d.get("surveys") else []
            details = {s["id"]: {**s, **(s.get("answers") or {})} for s in served or []}
            for s in d.get("surveys") or []:
                detail = details.get(s.get("surveyId")) or {}

                def either(ours, theirs, s=s, detail=detail):
                    return s.get(theirs) if detail.get(ours) is None else detail[ours]

                queue = s.get("queueId") or (detail.get("queue") or {}).get("id")
                sent[day, queue].append((either("status", "surveyStatus"), either("totalScore", "oSurveyTotalScore"),
                                         either("npsScore", "surveyPromoterScore")))

        def columns(rows):
            scores = [r[1] for r in rows if r[1] is not None]
            answers = [r[2] for r in rows if r[2] is not None]
            good, bad = sum(a >= 9 for a in answers), sum(a <= 6 for a in answers)
            return {"surveys": len(rows), "finished": sum(r[0] == "Finished" for r in rows), "scored": len(scores),
                    "refused": sum(r[0] == "OptOut" for r in rows), "finished_percent": 100.0 * sum(r[0] == "Finished" for r in rows) / len(rows),
                    "score_sum": sum(scores) if scores else None, "avg_score": part(sum(scores), len(scores)), "promoters": good, "detractors": bad,
                    "passives": len(answers) - good - bad, "net_promoter_score": part(100.0 * (good - bad), len(answers))}

        self.same(self.rows("surveys"), "day queue_id", {k: columns(v) for k, v in sent.items()})

    def test_evaluations(self):
        made = collections.defaultdict(list)
        for day, d in self.begun():
            for e in d.get("evaluations") or []:
                if not e.get("deleted"):
                    detail = self.served(f"conversations/{d['conversationId']}/evaluations/{e['evaluationId']}") or {}
                    answers = detail.get("answers") or {}
                    of = {k: detail.get(k) or {} for k in ("queue", "agent", "evaluationForm")}
                    made[day, e.get("queueId") or of["queue"].get("id"), of["evaluationForm"].get("name") or e.get("formName")].append(
                        (answers.get("totalScore", e.get("oTotalScore")), e.get("userId") or of["agent"].get("id"),
                         (detail.get("status") or e.get("evaluationStatus") or "").upper(),
                         answers.get("totalCriticalScore", e.get("oTotalCriticalScore")), e.get("released") or False))

        def columns(rows):
            scores, critical = ([r[i] for r in rows if r[i] is not None] for i in (0, 3))
            return {"evaluations": len(rows), "agents": len({r[1] for r in rows if r[1]}), "finished": sum(r[2] == "FINISHED" for r in rows),
                    "released": sum(r[4] for r in rows), "scored": len(scores), "score_sum": sum(scores) if scores else None,
                    "avg_score": part(sum(scores), len(scores)), "lowest_score": min(scores, default=None),
                    "avg_critical_score": part(sum(critical), len(critical))}

        self.same(self.rows("evaluations"), "day queue_id form_name", {k: columns(v) for k, v in made.items()}, but="form_name")

    def test_campaigns(self):
        expected = collections.defaultdict(lambda: {"conversations": 0, "attempted": 0, "connected": 0, "abandoned": 0, "handled": 0})
        for day, d in self.begun():
            ids = {s["outboundCampaignId"] for p in d["participants"] for s in p.get("sessions") or [] if s.get("outboundCampaignId")}
            if ids:
                row = expected[day, max(ids)]
                metrics = [m for _, _, m in self.parts(d, lambda s: s.get("metrics"))]
                row["conversations"] += 1
                row["handled"] += any(m["name"] == "tHandle" for m in metrics)
                for name in ("attempted", "connected", "abandoned"):
                    row[name] += sum(m.get("value") or 0 for m in metrics if m["name"] == "nOutbound" + name.capitalize())
        queues = {c["id"]: (c.get("queue") or {}).get("id") for c in self.api.ask("/api/v2/outbound/campaigns?pageSize=100")["entities"]}
        for (_, campaign), row in expected.items():
            row.update(queue_id=queues.get(campaign), connected_percent=part(100.0 * row["connected"], row["attempted"]))
        self.same(self.rows("campaigns"), "day campaign_id", expected)

    def test_conversations_by_day(self):
        expected, took = (collections.defaultdict(collections.Counter) for _ in range(2))
        for day, d in self.begun():
            media = self.first_media(d)
            names = {m["name"] for _, _, m in self.parts(d, lambda s: s.get("metrics"))}
            expected[day, media, d.get("originatingDirection")].update(["conversations"] + [column for column, is_so in (
                ("open", not d.get("conversationEnd")), ("answered", "tAnswered" in names), ("abandoned", "tAbandon" in names),
                ("transferred", "nTransferred" in names)) if is_so])
            handles = [m.get("value") or 0 for _, _, m in self.parts(d, lambda s: s.get("metrics")) if m["name"] == "tHandle"]
            took[day, media, d.get("originatingDirection")].update(handled=len(handles), handle_ms=sum(handles), duration_ms=(
                (utc(d["conversationEnd"]) - utc(d["conversationStart"])).total_seconds() * 1000 if d.get("conversationEnd") else 0))
        self.same(self.rows("conversations_by_day"), "day media_type direction", {k: {
            **{c: v[c] for c in ("conversations", "open", "answered", "abandoned", "transferred")},
            "avg_duration_seconds": about(part(took[k]["duration_ms"] / 1000, v["conversations"] - v["open"])),
            "avg_handle_seconds": about(part(took[k]["handle_ms"] / 1000, took[k]["handled"]))} for k, v in expected.items()})

    def test_callbacks(self):
        own = {(m.id, m.participant): m.queue for m in self.metrics if m.media == "callback" and m.queue}
        groups = collections.defaultdict(list)
        for m in self.metrics:
            queue = own.get((m.id, m.participant)) if m.name == "nCallbackAttempts" else m.queue
            if queue and self.inside(m.emitted) and (m.media == "callback" or m.name == "nCallbackAttempts"):
                groups[self.day(m.emitted), queue].append(m)

        def columns(metrics):
            f = self.figure([m for m in metrics if m.media == "callback"])
            return {**{k: f[k] for k in ("offered", "answered", "abandoned", "over_sla", "handled", "avg_answer_seconds", "avg_handle_seconds")},
                    "scheduled": sum(m.value for m in metrics if m.name == "nCallbackScheduled"),
                    "attempts": sum(m.value for m in metrics if m.name == "nCallbackAttempts")}

        self.same(self.rows("callbacks"), "day queue_id", {k: columns(v) for k, v in groups.items()})

    def test_response_times(self):
        legs = {(leg["conversation_id"], *leg["no"]): leg["queue_id"] for leg in self.records.legs()}
        names = {"tAgentResponseTime": "agent_response", "tUserResponseTime": "customer_response", "tFirstEngagement": "first_engagement"}
        groups = collections.defaultdict(lambda: {name: [] for name in names})
        for m in self.metrics:
            if m.name in names and self.inside(m.emitted) and (m.id, m.participant, m.session) in legs:
                groups[legs[m.id, m.participant, m.session], m.media][m.name].append(m.value)
        self.same(self.rows("response_times"), "queue_id media_type", {k: {
            column: value for name, of in names.items()
            for column, value in ((of + "s", len(v[name])), (f"avg_{of}_seconds", seconds(v[name])))} | {
                "max_agent_response_seconds": max(v["tAgentResponseTime"], default=None) and max(v["tAgentResponseTime"]) / 1000} for k, v in groups.items()})

    def test_longest_conversations(self):
        took = {d["conversationId"]: round((utc(d["conversationEnd"]) - utc(d["conversationStart"])).total_seconds() * 1000)
                for _, d in self.begun() if d.get("conversationEnd")}
        legs, visits = (collections.defaultdict(list) for _ in range(2))
        for found, parts in ((legs, self.records.legs()), (visits, self.records.visits())):
            for of in parts:
                found[of["conversation_id"]].append(of)

        def columns(id):
            d, of, stays = self.documents[id], legs[id], visits[id]
            return {"local_start": self.local(d["conversationStart"]), "duration_ms": took[id], "media_type": self.first_media(d),
                    "direction": d.get("originatingDirection"), "handle_ms": sum(leg["handle_ms"] for leg in of) if of else None,
                    "queue_id": stays and max(stays, key=lambda v: v["entered_at"])["queue_id"] or None,
                    "user_id": of and max(of, key=lambda leg: leg["started_at"])["user_id"] or None}

        longest = sorted(took, key=lambda id: (-took[id], id))[:40]
        rows = self.rows("longest_conversations", limit="40")
        self.assertEqual([row["conversation_id"] for row in rows], longest)
        self.same(rows, "conversation_id", {(id,): columns(id) for id in longest})

    def test_skills(self):
        expected, waits = collections.defaultdict(collections.Counter), collections.defaultdict(list)
        for visit in self.records.visits():
            if self.first <= visit["day"] <= self.last:
                participant, place = visit["no"]
                session = self.documents[visit["conversation_id"]]["participants"][participant]["sessions"][place]
                for skill in {k for g in session["segments"] if g.get("queueId") in (None, visit["queue_id"])
                              for k in g.get("requestedRoutingSkillIds") or []}:
                    expected[(skill,)].update(["visits", visit["outcome"]])
                    waits[(skill,)] += [visit["wait_ms"]] if visit["wait_ms"] is not None else []
        self.same(self.rows("skills"), "skill_id", {k: {
            **{c: v[c] for c in ("visits", "answered", "abandoned", "flowed_out")}, "avg_wait_seconds": seconds(waits[k]),
            "max_wait_seconds": max(waits[k], default=None) and max(waits[k]) / 1000} for k, v in expected.items()})

    def test_wrapup_codes(self):
        rows = self.rows("wrapup_codes")
        queues = collections.defaultdict(list)
        for row in rows:
            queues[row["queue_id"]].append(row)
        for of in queues.values():
            total, running = sum(r["wrapups"] for r in of), 0
            self.assertEqual([r["wrapups"] for r in of], sorted((r["wrapups"] for r in of), reverse=True))
            for row in of:
                running += row["wrapups"]
                self.assertAlmostEqual(row["percent_of_queue"], 100 * row["wrapups"] / total, 0)
                self.assertAlmostEqual(row["running_percent"], 100 * running / total, 0)
            self.assertEqual(of[-1]["running_percent"], 100.0)
        self.same(rows, "queue_id wrap_up_code", {k: {"wrapups": len(v), "conversations": len({w[0] for w in v}),
                                                      "agents": len({w[1] for w in v if w[1]})} for k, v in self.wrapped_up().items()},
                  but="percent_of_queue running_percent avg_wrapup_seconds")
        for key, of in self.wrapped_up().items():
            row = next(r for r in rows if (r["queue_id"], r["wrap_up_code"]) == key)
            self.assertAlmostEqual(row["avg_wrapup_seconds"] or 0, seconds([w[2] for w in of if w[2] is not None]) or 0, delta=0.051)

    def wrapped_up(self):
        """{(queue, code): [(conversation, agent, its after-call work)]}; a code counts once, whatever sessions have it."""
        coded, found = {}, collections.defaultdict(list)
        for d in self.documents.values():
            for no, p, s in self.records.sessions(d):
                work = sorted((utc(m["emitDate"]), m.get("value") or 0) for m in s.get("metrics") or [] if m["name"] == "tAcw")
                queues = [g["queueId"] for g in s.get("segments") or [] if g.get("queueId")]
                for g in s.get("segments") or []:
                    if g.get("wrapUpCode"):
                        one = coded.setdefault((d["conversationId"], no[0], g["wrapUpCode"], g["segmentStart"]), [[], [], p.get("userId")])
                        one[0] += [w for w in work if w[0] >= utc(g["segmentStart"])][:1]
                        one[1] += [(utc(g.get("segmentEnd") or g["segmentStart"]), g.get("queueId") or (queues or [None])[-1])]
        for (id, _, code, _), (work, segments, user) in coded.items():
            if self.inside(max(w[0] for w in work or segments)):
                found[max(q for _, q in segments), code].append((id, user, max((w[1] for w in work), default=None)))
        for m in self.metrics:
            session = self.documents[m.id]["participants"][m.participant]["sessions"][m.session]
            if m.name == "tAcw" and self.inside(m.emitted) and not any(g.get("wrapUpCode") for g in session["segments"]):
                found[m.queue, None].append((m.id, m.user, m.value))
        return found

    def test_agent_handle_time(self):
        legs = {(leg["conversation_id"], *leg["no"]): leg for leg in self.records.legs()}
        groups = collections.defaultdict(lambda: collections.defaultdict(list))
        for m in self.metrics:
            if m.name in ("tHandle", "nTransferred", "tNotResponding") and m.user and self.inside(m.emitted):
                groups[m.user, m.media][m.name].append(m)

        def columns(named):
            handled = len(named["tHandle"])
            of = [legs[key] for key in {(m.id, m.participant, m.session) for m in named["tHandle"]}]
            return {"handled": handled, "transferred": sum(m.value for m in named["nTransferred"]), "not_responding": len(named["tNotResponding"]),
                    **{f"avg_{k}_seconds": handled and sum(leg[k + "_ms"] for leg in of) / 1000 / handled for k in (
                        "talk", "hold", "acw", "dialing", "contacting")},
                    "avg_handle_seconds": handled and sum(m.value for m in named["tHandle"]) / 1000 / handled,
                    "handle_seconds": sum(m.value for m in named["tHandle"]) / 1000,
                    "transferred_percent": handled and 100 * sum(m.value for m in named["nTransferred"]) / handled}

        rows = self.rows("agent_handle_time")
        for row in rows:
            for column, value in columns(groups.pop((row["user_id"], row["media_type"]))).items():
                self.assertAlmostEqual(row[column] or 0, value, delta=0 if isinstance(value, int) else 0.051, msg=column)
        self.assertEqual((dict(groups), bool(rows)), ({}, True))

    def test_abandoned(self):
        left = [m for m in self.metrics if m.name == "tAbandon" and self.inside(m.emitted)]
        short = {(m.id, m.participant, m.session) for m in self.metrics if m.name == "tShortAbandon"}
        sessions = {(m.id, m.participant, m.session): self.documents[m.id]["participants"][m.participant]["sessions"][m.session] for m in left}
        self.same(self.rows("abandoned"), "conversation_id local_time queue_id", {(m.id, self.local(m.emitted), m.queue): {
            "media_type": m.media, "waited_seconds": m.value / 1000, "short_abandoned": int((m.id, m.participant, m.session) in short),
            **{c: sessions[m.id, m.participant, m.session].get(c) for c in ("ani", "dnis")}} for m in left})

    def test_queue_halfhour(self):
        want = ("offered", "answered", "abandoned", "short_abandoned", "flow_out", "over_sla", "handled", "transferred")
        self.same(self.rows("queue_halfhour"), "half_hour utc_start queue_id media_type", {
            k: {**{c: v[c] for c in want}, **{c: about(v[c]) for c in ("service_level_percent", "avg_answer_seconds", "avg_handle_seconds")}}
            for k, v in self.figures(lambda m: (*self.interval(m, 30), m.queue, m.media)).items()})

    def test_staffing(self):
        expected = {}
        for key, f in self.figures(lambda m: (self.day(m.emitted), *self.interval(m, 30), m.queue)).items():
            load = part(f["offered"] * f["handle_ms"] / 1800_000, f["handled"])
            expected[key] = {"offered": f["offered"], "handled": f["handled"], "erlangs": load and round(load, 2),
                             "avg_handle_seconds": about(f["avg_handle_seconds"])}
        self.same(self.rows("staffing"), "day half_hour utc_start queue_id", expected)

    @staticmethod
    def ended_last(document, of):
        """of(participant, segment) where that is something and the segment ended last, an open one after all others."""
        found = [(g.get("segmentEnd", "open"), g["segmentStart"], p, s, i, of(part, g)) for p, part in enumerate(document["participants"])
                 for s, session in enumerate(part.get("sessions") or []) for i, g in enumerate(session.get("segments") or []) if of(part, g)]
        return max(found)[-1] if found else None

    def test_open_conversations(self):
        def queue(part, g):
            with_her = g["segmentType"] not in ("wrapup", "alert", "dialing", "contacting") and part["purpose"] not in ("customer", "external")
            return g.get("queueId") if with_her else None

        def agent(part, g):
            return part.get("userId") if g["segmentType"] in ("interact", "hold") and part["purpose"] in ("agent", "user") else None

        now = utc(self.site.value("SELECT max(complete_to) FROM extract_window WHERE stream = 'conversations'"))
        self.same(self.rows("open_conversations"), "conversation_id", {(id,): {
            "local_start": self.local(d["conversationStart"]), "age_hours": about((now - utc(d["conversationStart"])).total_seconds() / 3600),
            "queue_id": self.ended_last(d, queue), "user_id": self.ended_last(d, agent),
            "media_type": self.first_media(d), "direction": d.get("originatingDirection"), "media_types": ",".join(sorted(
                {s["mediaType"] for p in d["participants"] for s in p.get("sessions") or [] if s.get("mediaType")}))}
            for id, d in self.documents.items() if not d.get("conversationEnd")})

    def test_requests(self):
        rows = self.rows("requests", **{"from": None, "to": None})
        today = self.day(self.site.value("SELECT started_at FROM run"))
        self.same(rows, "day method route", {(today, r["method"], r["route"]): {"runs": 1, **{k: r[k] for k in (
            "requests", "retries", "status_429", "status_5xx", "bytes")}} for r in self.site.query("SELECT * FROM request_count")})

    def test_a_page(self):
        """Of all days, too; its figures are those of queue_day."""
        path = self.site.directory + "/page.html"
        self.ok(self.site.run("report", "--from", self.first, "--to", self.last, "--out", path))
        with open(path, encoding="utf-8") as f:
            offered = sum(row["offered"] for row in self.rows("queue_day"))
            self.assertIn(f"<dt>Offered</dt><dd>{offered:,}</dd>", f.read().replace("\n", ""))

    def test_days_are_no_dearer_for_being_many(self):
        """In the machine's steps: twice as many take twice as many, not four times."""
        def steps(query, first):
            count = []
            self.db.set_progress_handler(lambda: count.append(1) and None, 1000)
            self.rows(query, **{"from": first})
            self.db.set_progress_handler(None, 1000)
            return len(count)

        middle = str(datetime.date.fromisoformat(self.last) - datetime.timedelta(days=self.days // 2))
        for path in sorted((ROOT / "queries").glob("*.sql")):
            if "-- param: from" in path.read_text(encoding="utf-8"):
                self.assertLess(steps(path.stem, self.first), 3 * steps(path.stem, middle) + 200, path.stem)

    def test_defaults(self):
        """Without days: those of v_range, in the program and in any other reader; names by any case; nothing else."""
        first, last = self.site.query("SELECT first_day, last_day FROM v_range")[0]
        self.assertEqual((first, last), (self.start, self.day(max(
            [m.emitted for m in self.metrics if m.name in {*COUNTS.values(), *SUMS.values()}]
            + [utc(d["conversationStart"]) for d in self.documents.values()]))))
        for path in sorted((ROOT / "queries").glob("*.sql")):
            told = json.loads(self.ok(self.site.run("query", path.stem, "--json")).stdout)
            self.assertEqual([dict(row) for row in ask(self.db, path.stem)], told, path.stem)
            first = max(first, str(datetime.date.fromisoformat(last) - datetime.timedelta(days=7)))
            if "[range]" in path.read_text(encoding="utf-8"):
                self.assertEqual(self.rows(path.stem, **{"from": first, "to": last}), told, path.stem)


def ask(db, query, /, **params):
    """A query's rows, as any reader of the file has them: what is not given is NULL, with Datasette ''."""
    text = (ROOT / "queries" / f"{query}.sql").read_text(encoding="utf-8")
    wanted = [line.split()[2] for line in text.splitlines() if line.startswith("-- param: ")]
    db.row_factory = sqlite3.Row
    rows, again = (db.execute(text, {name: params.get(name, nothing) for name in wanted}).fetchall() for nothing in (None, ""))
    assert list(map(tuple, rows)) == list(map(tuple, again)), query
    return rows


# In the second world, those of days and half-hours alone; the last one is a year.
HOURLY = ("test_queue_day", "test_queue_interval", "test_service_level", "test_callbacks", "test_wrapup_codes", "test_staffing")
YEARLY = ("test_queue_day", "test_queue_halfhour", "test_conversations_by_day", "test_queue_wait", "test_transfers", "test_a_page")
for number, (zone, start, seed, calls, *days) in enumerate([*WORLDS, ("Europe/Berlin", "2025-03-02", 7, None, 365)]):
    few = YEARLY if days else HOURLY if number else ()
    left_out = [name for name in dir(Queries) if name.startswith("test_") and few and name not in few and not FULL]
    left_out += [] if days else ["test_days_are_no_dearer_for_being_many"]
    kind = type(f"Queries{number}", (Queries,), {"zone": zone, "start": start, "seed": seed, "calls": calls, "days": (days or [4])[0],
                                                 **dict.fromkeys(left_out)})
    globals()[kind.__name__] = kind
del Queries, World, kind


class Small(TestCase):
    """Every query, and the page, of a file after the first run, when next to nothing had happened."""

    # What is said of days on which nobody called.
    OTHERS = {"adherence_conformance", "adherence_day", "adherence_exceptions", "adherence_halfhour", "agent_day", "agent_occupancy", "agent_status",
              "freshness", "not_responding", "reconciliation", "requests", "schedule_actual"}

    def begin(self, **options):
        """The stand-in, all answers, and the page's facts."""
        server = self.standin(days=1, now="2026-03-02T05:00:00Z", availability_lag=0, **options)
        site = self.site(server.url, extract={"streams": "all, quality"})
        self.ok(site.extract("--until", "2026-03-02T05:00:00Z"))
        page = site.directory + "/page.html"
        self.ok(site.run("report", "--out", page))
        page = Page(page)
        self.assertNotRegex(" ".join(page.words), r"(?i)\b(null|nan|undefined|inf|infinity)\b")
        return server, {p.stem: json.loads(self.ok(site.run("query", p.stem, "--json")).stdout) for p in (ROOT / "queries").glob("*.sql")}, page

    def test_an_empty_file(self):
        _, said, page = self.begin(per_day=0)
        self.assertEqual({name for name, rows in said.items() if rows}, self.OTHERS)
        self.assertNotIn("At a glance", page.facts)
        self.assertIn("No figure of a queue in these days.", page.words)

    def test_one_conversation(self):
        server, said, page = self.begin(per_day=1, voice_only=True)
        (line,) = server.truth("2026-03-01")
        (key, figures), = Records([line], "UTC").figures(False).items()
        self.assertEqual({name: len(rows) for name, rows in said.items() if name not in self.OTHERS and rows},
                         {**dict.fromkeys(("agent_handle_time", "conversations_by_day", "flows", "longest_conversations", "queue_day", "queue_halfhour",
                                           "queue_interval", "queue_wait", "service_level", "staffing", "why", "wrapup_codes"), 1),
                          "abandons_by_wait": len(STEPS), "attribute_values": len(said["attribute_values"])})
        self.assertEqual({**dict(zip(("day", "queue_id", "media_type"), key)), **figures}, {**figures, **{
            k: v for k, v in said["queue_day"][0].items() if k in figures or k in ("day", "queue_id", "media_type")}})
        self.assertEqual([(r["conversation_id"], r["value"]) for r in said["why"]], [(line["conversation"]["conversationId"], 1)])
        self.assertEqual([r["percent"] for r in said["abandons_by_wait"]], [None] * len(STEPS))
        self.assertEqual(dict(page.facts["At a glance"])["Offered"], "1")
