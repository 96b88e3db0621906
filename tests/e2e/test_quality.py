"""Quality: evaluations and surveys of the conversations that name them, and their forms' questions, against what the
API gives for the same ids when it is asked directly; killed at every step; late, scored again, deleted and refused ones.
"""
import json
import random
import re
import shutil
import unittest

from harness import FULL, Api, TestCase, killed

START = "2026-03-01"
NOW = "2026-03-05T06:00:00Z"
LATER = {"released": "2026-03-09T06:00:00Z", "scored again": "2026-03-18T06:00:00Z", "deleted": "2026-03-28T06:00:00Z"}
QUALITY = "/api/v2/quality/"
# What the rows' own columns are called, where the fields are not enough.
NAMES = {"marked_na": "markedNA", "system_marked_na": "systemMarkedNA", "default_answers_to_na": "defaultAnswersToNA"}
NO_DATA = {"selfUri"} | {f"{who}_{field}" for who in ("evaluator", "agent", "assignee", "queue") for field in ("name", "version")}


def snake(name):
    known = {field: column for column, field in NAMES.items()}
    return known.get(name) or re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def add(row, columns, thing, prefix=""):
    """The columns that an object fills; whatever has none but its links, names and versions is an error."""
    for field, value in thing.items():
        name = prefix + snake(field)
        if name in columns:
            row[name] = json.loads(json.dumps(value)) if isinstance(value, (list, dict)) else value
        elif isinstance(value, dict):
            add(row, columns, value, name + "_")
        elif not {field, name} & NO_DATA and not isinstance(value, list):
            raise AssertionError(f"no column for {name}")


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
        rows = [{k: v for k, v in dict(r).items() if not k.startswith("row_") and v is not None}
                for r in site.query(f"SELECT * FROM {table} ORDER BY 1, 2, 3")]
        for row in rows:
            for name, value in row.items():
                if isinstance(value, str) and value[:1] in "[{":
                    row[name] = json.loads(value)
        return rows

    def expected(self, server, site):
        """Rows by table, of the ids that the conversations in the file name, as the API has them now."""
        api = Api(server.url)
        out = {t: [] for t in ("evaluation_detail", "evaluation_answer_group", "evaluation_answer", "survey_detail",
                               "survey_answer_group", "survey_answer", "evaluation_form_detail", "evaluation_form_group",
                               "evaluation_form_question", "survey_form_detail", "survey_form_group", "survey_form_question")}
        columns = {t: {r["name"] for r in site.query(f"SELECT name FROM pragma_table_info('{t}')")} for t in out}

        def put(table, thing, **given):
            row = dict(given)
            add(row, columns[table], {k: v for k, v in thing.items() if k not in ("questionGroups", "questionScores",
                                                                               "questions", "questionGroupScores")})
            out[table].append(row)

        def entity(kind, thing, day):
            own = f"{kind}_id"
            groups = thing.get("answers", {}).pop("questionGroupScores", [])
            put(f"{kind}_detail", {k: v for k, v in thing.items() if k != "id"}, **{own: thing["id"],
                                                                                "conversation_day_start": day})
            for g, group in enumerate(groups):
                key = {own: thing["id"], "group_no": g}
                put(f"{kind}_answer_group", group, **key)
                for n, score in enumerate(group["questionScores"]):
                    put(f"{kind}_answer", score, question_group_id=group["questionGroupId"], answer_no=n, **key)
            return thing[f"{kind}Form"]["id"]

        def form(kind, path, form_id):
            thing = api.known(QUALITY + path + form_id)
            own = {f"{kind}_form_id": form_id}
            put(f"{kind}_form_detail", {k: v for k, v in thing.items() if k != "id"}, **own)
            for g, group in enumerate(thing["questionGroups"]):
                put(f"{kind}_form_group", {k: v for k, v in group.items() if k != "id"}, question_group_id=group["id"],
                    group_no=g, **own)
                for n, q in enumerate(group["questions"]):
                    put(f"{kind}_form_question", {k: v for k, v in q.items() if k != "id"}, question_id=q["id"],
                        question_group_id=group["id"], group_no=g, question_no=n, **own)

        forms = {"evaluation": set(), "survey": set()}
        for c, start, e in site.query("SELECT conversation_id, conversation_start, evaluation_id FROM conversation JOIN "
                                      "evaluation USING (conversation_key) WHERE conversation_start >= ?", START):
            thing = api.known(QUALITY + f"conversations/{c}/evaluations/{e}")
            if thing:
                forms["evaluation"].add(entity("evaluation", thing, start[:10] + "T00:00:00.000Z"))
        for c, start in site.query("SELECT DISTINCT conversation_id, conversation_start FROM conversation JOIN survey "
                                   "USING (conversation_key) WHERE conversation_start >= ?", START):
            for thing in api.known(QUALITY + f"conversations/{c}/surveys"):
                forms["survey"].add(entity("survey", thing, start[:10] + "T00:00:00.000Z"))
        for f in forms["evaluation"]:
            form("evaluation", "forms/evaluations/", f)
        for f in forms["survey"]:
            form("survey", "forms/surveys/", f)
        return out

    def compare(self, server, site, gone=()):
        expected = self.expected(server, site)
        for table, rows in expected.items():
            with self.subTest(table):
                def order(rows):
                    return sorted(rows, key=lambda r: json.dumps(r, sort_keys=True, default=str))
                have = [r for r in self.stored(site, table) if r.get("evaluation_id") not in gone]
                if not gone:
                    self.assertTrue(rows)
                if gone and "_form_" in table:
                    continue  # those of evaluations that are gone stay
                self.assertEqual([{k: int(v) if isinstance(v, bool) else v for k, v in r.items()} for r in order(rows)],
                                 order(have))
        for table in ("unknown_field", "reading_seen"):
            self.assertEqual(site.value(f"SELECT count(*) FROM {table}"), 0)

    def test_rows_equal_what_the_api_gives(self):
        server, site = self.begin()
        self.read(site)
        self.compare(server, site)
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
            self.compare(server, site, gone)
            self.assertEqual(bool(gone), what == "deleted")
            now = self.stored(site, "evaluation_detail")
            self.assertTrue(now != seen, what)
            self.assertLessEqual({r["evaluation_id"] for r in seen}, {r["evaluation_id"] for r in now})
            seen = now
        self.assertEqual(site.value("SELECT count FROM data_problem WHERE kind = 'not known to the server'"), len(gone))
        self.assertTrue(self.stored(site, "evaluation_answer"))

    def test_killed_at_every_step(self):
        server, site = self.begin()
        self.ok(site.extract("--until", NOW, "--stream", "conversations"))
        bare = site.db + ".bare"
        shutil.copy(site.db, bare)
        arguments = ("extract", "--until", NOW, "--stream", "evaluation_details", "--stream", "survey_details")
        steps = site.steps(*arguments)
        tables = list(self.expected(server, site))
        wanted = {t: self.stored(site, t) for t in tables}
        numbers = range(1, len(steps) + 1)
        done = 0
        for step in numbers if FULL else sorted(random.Random(7).sample(numbers, 12)):
            shutil.copy(bare, site.db)
            with self.subTest(step=step):
                result = site.run(*arguments, env={"ROLLCALL_KILL_STEP": step})
                if result.returncode == 0:
                    continue  # pages that wait together share a commit: this run took fewer steps
                self.assertTrue(killed(result), result.stderr)
                done += 1
                self.ok(site.run(*arguments))
                self.assertEqual({t: self.stored(site, t) for t in tables}, wanted)
        self.assertGreater(done, 6)

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
        self.compare(server, site)


if __name__ == "__main__":
    unittest.main()
