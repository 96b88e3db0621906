"""Quality: evaluations and surveys of the conversations that name them, and their forms' questions: as one extraction of the
state there is, whose rows tests/sdk holds against the API's answers; late, scored again, deleted and refused ones.
"""
import json

from harness import TestCase, canonical

START = "2026-03-01"
NOW = "2026-03-05T06:00:00Z"
LATER = {"released": "2026-03-09T06:00:00Z", "scored again": "2026-03-18T06:00:00Z", "deleted": "2026-03-28T06:00:00Z"}
QUALITY = "/api/v2/quality/"
TABLES = [f"{kind}_{part}" for kind in ("evaluation", "survey") for part in (
    "detail", "answer_group", "answer", "form_detail", "form_group", "form_question")]


class Quality(TestCase):
    def begin(self, per_day=120, **extract):
        server = self.standin(start=START, days=2, per_day=per_day, now=NOW)
        return server, self.new_site(server.url, **extract)

    def new_site(self, url, **extract):
        return self.site(url, start=START, extract={"streams": "conversations, evaluation_details, survey_details",
                                                    **extract})

    def read(self, site, until=NOW, code=0):
        return self.ok(site.extract("--until", until), code)

    def stored(self, site, table):
        return [{k: v for k, v in dict(r).items() if not k.startswith("row_") and v is not None}
                for r in site.query(f"SELECT * FROM {table} ORDER BY 1, 2, 3")]

    def compare(self, server, site, until=NOW, gone=()):
        """With what is read of the conversations that are stored, all at once. Those that are gone, and their forms, stay."""
        fresh = self.new_site(server.url, lookback_days="31")
        self.read(fresh, until)
        for table in TABLES:
            with self.subTest(table):
                want, have = (canonical(r for r in self.stored(s, table) if r.get("evaluation_id") not in gone) for s in (fresh, site))
                self.assertTrue(want)
                self.assertEqual(want, [r for r in have if r in want] if gone and "_form_" in table else have)
        for table in ("unknown_field", "reading_seen"):
            self.assertEqual(site.value(f"SELECT count(*) FROM {table}"), 0)

    def test_what_is_read_is_not_read_again(self):
        server, site = self.begin()
        self.read(site)
        self.assertEqual([table for table in TABLES if not self.stored(site, table)], [])
        before = sum(n for route, n in server.requests()["routes"].items() if QUALITY in route)
        self.read(site)
        self.assertEqual(sum(n for route, n in server.requests()["routes"].items() if QUALITY in route), before)

    def test_a_list_of_forms_that_comes_in_a_second_run(self):
        """At the very same time: the questions of the forms that it names come with it."""
        server, site = self.begin(4, streams="conversations, evaluation_details, survey_details, evaluation_forms, survey_forms")
        server.control(faults=[f"4xx:status=403,path={QUALITY}forms/{kind}s$" for kind in ("evaluation", "survey")])
        self.read(site, code=11)
        server.control(faults=[])
        self.read(site)
        for kind in "evaluation", "survey":
            own = f"{kind}_form_id"
            self.assertGreater(site.value(f"SELECT count(*) FROM {kind}_form"), 0)
            self.assertEqual(site.value(f"SELECT count(*) FROM {kind}_form WHERE {own} NOT IN (SELECT {own} FROM {kind}_form_detail)"), 0)

    def test_a_day_whose_conversations_are_not_there_yet(self):
        """Nothing is known of it: it is not done, and is read as soon as they are."""
        server, site = self.begin(lookback_days="4")
        refused = (400, json.dumps({"message": "odd", "code": "bad.request", "status": 400}).encode())
        proxy = self.rewriting(server.url, lambda _m, path, body: refused if "conversations/details" in path and
                               body.startswith(b'{"interval":"2026-03-02T') else None)
        site.set(genesys={"login_url": proxy, "api_url": proxy})
        self.read(site, code=11)
        whole = "SELECT count(*) FROM freshness WHERE stream = ? AND day = '2026-03-02' AND whole"
        for stream in ("conversations", "evaluation_details", "survey_details"):
            self.assertEqual(site.value(whole, stream), 0, stream)
        site.set(genesys={"login_url": server.url, "api_url": server.url})
        self.read(site)
        self.compare(server, site)
        self.assertEqual(site.value(whole, "evaluation_details"), 1)

    def test_what_comes_late(self):
        """Released, scored again, deleted: each is seen while the day is looked at; who is gone keeps the row."""
        server, site = self.begin(per_day=250, lookback_days="31")
        self.read(site)
        seen = self.stored(site, "evaluation_detail")
        for what, until in LATER.items():
            server.control(now=until)
            self.read(site, until)
            gone = {r["evaluation_id"] for r in self.stored(site, "evaluation_detail") if "deleted_at" in r}
            self.compare(server, site, until, gone)
            self.assertEqual(bool(gone), what == "deleted")
            now = self.stored(site, "evaluation_detail")
            self.assertTrue(now != seen, what)
            self.assertLessEqual({r["evaluation_id"] for r in seen}, {r["evaluation_id"] for r in now})
            seen = now
        self.assertEqual(site.value("SELECT count FROM data_problem WHERE kind = 'not known to the server'"), len(gone))
        self.assertTrue(self.stored(site, "evaluation_answer"))

    def test_one_that_is_not_granted(self):
        """It may lie in another division; the others are read, of its day and of all."""
        server, site = self.begin(250, streams="conversations, evaluation_details")
        self.ok(site.extract("--until", NOW, "--stream", "conversations"))
        of_days = site.query("SELECT substr(conversation_start, 1, 10) AS day, evaluation_id FROM evaluation JOIN conversation "
                             "USING (conversation_key) WHERE conversation_start >= ?", START)
        days = {day: [r["evaluation_id"] for r in of_days if r["day"] == day] for day in {r["day"] for r in of_days}}
        ids = {e for some in days.values() for e in some}
        full = max(days, key=lambda day: len(days[day]))
        kept = days[full][0]
        refused = (403, json.dumps({"message": "no", "code": "missing.division.permission", "status": 403}).encode())
        proxy = self.rewriting(server.url, lambda _m, path, _body: refused if kept in path else None)
        site.set(genesys={"login_url": proxy, "api_url": proxy})
        self.read(site)
        self.assertEqual({r["evaluation_id"] for r in self.stored(site, "evaluation_detail")}, ids - {kept})
        self.assertEqual(site.value("SELECT kind FROM data_problem WHERE stream = 'evaluation_details'"), "refused by the server")

    def test_ids_that_are_refused(self):
        """One id's refusal is its own: only where the API says that it knows it no more, its row is marked as gone."""
        server, site = self.begin(lookback_days="31")
        refusals = {}

        def rule(_method, path, _body):
            return next((answer for part, answer in refusals.items() if part in path), None)

        site.set(genesys={key: self.rewriting(server.url, rule) for key in ("login_url", "api_url")})
        self.read(site)
        evaluations = [r["evaluation_id"] for r in self.stored(site, "evaluation_detail")]
        gone = {"message": "gone", "code": "not.found", "status": 404}
        odd = {"message": "odd", "code": "bad.request", "status": 400}

        def marked(until, code=0):
            server.control(now=until)
            self.read(site, until, code)
            self.assertEqual(len(self.stored(site, "evaluation_detail")), len(evaluations))
            return {r["evaluation_id"] for r in self.stored(site, "evaluation_detail") if "deleted_at" in r}

        refusals[evaluations[0]] = (404, json.dumps(gone).encode())
        self.assertEqual(marked("2026-03-07T06:00:00Z"), {evaluations[0]})
        refusals.clear()
        refusals[evaluations[1]] = (400, json.dumps(odd).encode())
        self.assertEqual(marked("2026-03-09T06:00:00Z"), set())
        refusals.clear()
        refusals["/evaluations/"] = (404, b"<html>no such page</html>")
        self.assertEqual(marked("2026-03-11T06:00:00Z", 11), set())
        refusals.clear()
        self.assertEqual(marked("2026-03-13T06:00:00Z"), set())
        self.compare(server, site, "2026-03-13T06:00:00Z")
