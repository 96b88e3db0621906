"""`rollcall recent`: the last conversations, straight from the API."""
import csv
import datetime
import hashlib
import io
import json
import os
import re

from broken import SECRET, TOKEN, cloud
from harness import TestCase, ago, at_terminal, instant, utc

COLUMNS = ["conversation_id", "conversation_start", "local_start", "media_type", "direction", "queue_id", "queue_name",
           "agent_id", "agent_name", "handle_ms"]


def expected(conversation):
    """One row, by another way than the program's."""
    segments = [(s.get("segmentStart", ""), p, s) for p in conversation.get("participants", [])
                for session in p.get("sessions", []) for s in session.get("segments", [])]
    queues = [(at, s["queueId"]) for at, _, s in segments if "queueId" in s]
    agents = [(at, p["userId"]) for at, p, s in segments
              if p.get("purpose") in ("agent", "user") and "userId" in p and s.get("segmentType") == "interact"]
    sessions = [s for p in conversation.get("participants", []) for s in p.get("sessions", [])]
    handle = [m["value"] for s in sessions for m in s.get("metrics", []) if m["name"] == "tHandle"]
    media = [s["mediaType"] for s in sessions if "mediaType" in s]
    return {"conversation_id": conversation["conversationId"],
            "conversation_start": instant(conversation["conversationStart"]),
            "media_type": media[0] if media else None, "direction": conversation.get("originatingDirection"),
            "queue_id": max(queues, key=lambda q: q[0])[1] if queues else None,
            "agent_id": max(agents, key=lambda q: q[0])[1] if agents else None,
            "handle_ms": sum(handle) if handle else None}


def row(minutes):
    """A conversation that began so many minutes ago."""
    return {"conversationId": f"c{minutes}", "conversationStart": ago("%Y-%m-%dT%H:%M:%S.000Z", minutes=minutes),
            "participants": [{"sessions": [{"segments": [None, {"queueId": 5}], "metrics": 3}]}, None]}


class Recent(TestCase):
    def test_a_terminal_gets_no_control_characters(self):
        nasty = "a\x1b]0;x\x07\x7f\x9b31m\u202eb"
        server = cloud(self, {"/api/v2/analytics/conversations/details/query":
                              (200, {"conversations": [{**row(5), "conversationId": nasty}], "totalHits": 1})})
        site = self.site(server.url, genesys={"client_secret": SECRET})
        for form in ((), ("--csv",), ("--json",)):
            text, code = at_terminal(site.command("recent", "1", *form), site.environment())
            self.assertEqual(code, 0)
            self.assertEqual([c for c in text if c in nasty[1:] and not c.isprintable()], [])
        self.assertEqual(json.loads(self.ok(site.run("recent", "1", "--json")).stdout)[0]["conversation_id"], nasty)
        self.assertIn(nasty, self.ok(site.run("recent", "1", "--csv")).stdout)

    def busy(self, first=3, days=4, **options):
        start = ago(days=first)
        server = self.standin(start=start, days=days, now="real", per_day=options.pop("per_day", 300), **options)
        return server, self.site(server.url, start=start, timezone="Asia/Seoul")

    def rows(self, site, *arguments):
        return json.loads(self.ok(site.run("recent", *arguments, "--json")).stdout)

    def newest(self, server, first, count):
        truth = server.truth(ago(days=first), now=ago("%Y-%m-%dT%H:%M:%S.%fZ"), method="query")
        found = sorted((line["conversation"] for line in truth), key=lambda c: c["conversationStart"], reverse=True)
        return [expected(c) for c in found[:count]]

    def test_newest_first_and_right(self):
        server, site = self.busy()
        rows = self.rows(site, "40")
        wanted = self.newest(server, 3, 45)
        ids = [w["conversation_id"] for w in wanted]
        # A conversation may have come, or one's agent changed, between the two questions.
        at = ids.index(rows[0]["conversation_id"])
        self.assertLess(at, 3)
        self.assertEqual([r["conversation_id"] for r in rows], ids[at:at + 40])
        starts = [r["conversation_start"] for r in rows]
        self.assertEqual(starts, sorted(starts, reverse=True))
        by_id = {w["conversation_id"]: w for w in wanted}
        agreeing = sum(all(r[k] == v for k, v in by_id[r["conversation_id"]].items()) for r in rows)
        self.assertGreaterEqual(agreeing, 37)
        self.assertGreater(sum(r["handle_ms"] is not None for r in rows), 10)
        first = utc(rows[0]["conversation_start"])
        local = (first + datetime.timedelta(hours=9)).strftime("%Y-%m-%d %H:%M:%S")
        self.assertEqual(rows[0]["local_start"], local)

    def test_default_is_five_and_no_database_is_made(self):
        _, site = self.busy()
        self.assertEqual(len(self.rows(site)), 5)
        self.assertEqual([n for n in os.listdir(site.directory) if n.startswith("rollcall.db")], [])
        table = self.ok(site.run("recent")).stdout.splitlines()
        self.assertEqual(len(table), 7)
        self.assertEqual(table[-1], "(local times are those of Asia/Seoul)")
        for word in ("conversation", "start", "media", "direction", "queue", "agent", "handle"):
            self.assertIn(word, table[0])

    def test_csv(self):
        _, site = self.busy()
        table = list(csv.reader(io.StringIO(self.ok(site.run("recent", "7", "--csv")).stdout)))
        self.assertEqual(table[0], COLUMNS)
        self.assertEqual(len(table), 8)
        self.assertEqual([r["conversation_id"] for r in self.rows(site, "7")], [r[0] for r in table[1:]])

    def lists_asked(self, server):
        return [path for _, path, _ in server.requests()["requests"] if re.match("/api/v2/(users|routing/queues)", path)]

    def test_names_come_from_the_database_which_stays_as_it_is(self):
        """Before the first extraction, and where the database lacks them, from the API: only those that are shown."""
        server, site = self.busy(agents=120)
        first = self.rows(site, "5")
        self.assertTrue(all(bool(r["queue_name"]) == bool(r["queue_id"]) and bool(r["agent_name"]) == bool(r["agent_id"]) for r in first))
        self.assertTrue(any(r["agent_name"] for r in first))
        self.assertEqual(len(self.lists_asked(server)), 2)
        self.ok(site.extract("--stream", "users", "--stream", "queues"))
        site.change("DELETE FROM queue")

        def digest():
            with open(site.db, "rb") as f:
                return hashlib.sha256(f.read()).hexdigest()

        before, asked = digest(), len(self.lists_asked(server))
        rows = self.rows(site, "30")
        self.assertEqual(digest(), before)
        self.assertEqual(len(self.lists_asked(server)), asked + 1, "the users are known")
        self.assertEqual(site.value("SELECT count(*) FROM run"), 1)
        users = dict(tuple(r) for r in site.query('SELECT user_id, name FROM "user"'))
        for r in rows:
            self.assertEqual(bool(r["queue_name"]), bool(r["queue_id"]))
            self.assertEqual(r["agent_name"], users.get(r["agent_id"]))

    def test_names_that_are_not_granted_leave_the_ids(self):
        server, site = self.busy()
        server.control(deny=["/api/v2/routing/queues", "/api/v2/users"])
        rows = self.rows(site, "30")
        self.assertTrue(any(r["queue_id"] for r in rows) and not any(r["queue_name"] for r in rows))

    def stub(self, answers):
        """A site whose cloud answers the query with one list of conversations a page number, over and over; and the
        questions' bodies."""
        bodies = []

        def answer(seen):
            bodies.append(json.loads(seen["body"]))
            number = bodies[-1]["paging"]["pageNumber"]
            return 200, {"conversations": answers[number - 1]} if number <= len(answers) else {"totalHits": 0}

        token = {"access_token": TOKEN, "token_type": "bearer", "expires_in": 3600}
        server = cloud(self, {"/oauth/token": (200, token), "/api/v2/analytics/conversations/details/query": answer})
        return bodies, self.site(server.url)

    def test_pages_that_move_while_they_are_read(self):
        """Short pages, in no order, with rows that come twice."""
        bodies, site = self.stub([[row(i) for i in (3, 1, 2)], [row(i) for i in (2, 3, 5, 4)], [row(6)], []])
        rows = self.rows(site, "6")
        self.assertEqual([r["conversation_id"] for r in rows], [f"c{i}" for i in range(1, 7)])
        self.assertEqual([b["paging"]["pageNumber"] for b in bodies], [1, 2, 3])
        for body in bodies:
            self.assertEqual((body["order"], body["orderBy"]), ("desc", "conversationStart"))

    def test_older_ones_of_the_same_day_wait_for_their_lookback(self):
        bodies, site = self.stub([[row(1), row(2), row(600), row(700)]])
        self.assertEqual([r["conversation_id"] for r in self.rows(site, "2")], ["c1", "c2"])
        self.assertEqual(len(bodies), 1)
        self.assertEqual([r["conversation_id"] for r in self.rows(site, "3")], ["c1", "c2", "c600"])
        self.assertEqual(len(bodies), 3, "an hour, which holds two, then a day")

    def test_answers_of_the_wrong_shape(self):
        for broken, named in (({"conversationStart": "2026-01-01T00:00:00.000Z"}, "conversationId"),
                              ({"conversationId": "c1"}, "conversationStart"), (7, "row 1 of the page")):
            _, site = self.stub([[broken]])
            self.assertIn(named, self.ok(site.run("recent"), 8).stderr)

    def test_looks_back_an_hour_a_day_a_week(self):
        server, site = self.busy(first=5, days=2)
        self.assertEqual(len(self.rows(site, "3")), 3)
        result = site.run("-v", "recent", "3", "--json")
        self.assertEqual([line.split("over=")[1].split(" found")[0] for line in result.stderr.splitlines()
                          if "looked back" in line], ['"an hour"', '"a day"', '"a week"'])
        self.assertLess(json.loads(result.stdout)[0]["conversation_start"][:10], ago(days=2))

    def test_none_at_all(self):
        _, site = self.busy(first=30, days=2)
        result = self.ok(site.run("recent", "--json"))
        self.assertEqual(json.loads(result.stdout), [])
        self.assertIn("access works", result.stderr)

    def test_refusals(self):
        server, site = self.busy()
        for arguments in (("0",), ("101",), ("x",), ("5", "6"), ("--csv", "--json"), ("--jsn",)):
            self.ok(site.run("recent", *arguments), 2)
        server.control(deny=["/api/v2/analytics/conversations"])
        self.assertIn("analytics:conversationDetail:view", self.ok(site.run("recent"), 5).stderr)
        server.control(deny=[])
        site.set(genesys={"client_secret": "wrong"})
        self.assertIn("secret", self.ok(site.run("recent"), 4).stderr)
