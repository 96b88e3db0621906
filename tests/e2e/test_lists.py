"""Lists of names that are cut, refused, moved or not all there. That they are what is served is held by tests/sdk, that what goes
is marked and what comes is there, as days pass, by test_ten_nights.
"""
import json
import re

import harness
from harness import TestCase, clock_at, wait_until

GROUPS = "dimensions, telephony, evaluation_forms, survey_forms"
LISTS = ("SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c "
         "WHERE m.type = 'table' AND c.name = 'deleted_at' AND m.name NOT LIKE '%_detail'")
# What changes at any time is no change of its row.
OF_THE_MOMENT = {"queue_member": {"user", "routing_status"}}


def rows(site, table, where="deleted_at IS NULL"):
    """By their keys, without what is of the moment."""
    keys = [r[0] for r in site.query("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", table)]
    return {tuple(r[k] for k in keys): {k: v for k, v in dict(r).items() if v is not None and not k.startswith("row_") and
                                        k not in OF_THE_MOMENT.get(table, ())}
            for r in site.query(f'SELECT * FROM "{table}" WHERE {where}')}


class Lists(TestCase):
    def begin(self, **options):
        server = self.standin(days=3, agents=24, queues=3, per_day=2, users_page_cap=4, now="2026-03-01T20:00:00Z", **options)
        return server, self.site(server.url, extract={"streams": GROUPS})

    def test_a_member_list_goes_with_its_team_and_comes_back_with_it(self):
        server, site = self.begin()
        self.ok(site.extract("--stream", "teams"))
        alive = "SELECT count(*) FROM team_member WHERE deleted_at IS NULL"
        teams = "SELECT group_concat(DISTINCT team_id) FROM team_member WHERE deleted_at IS NULL"
        before, which = site.value(alive), site.value(teams)
        gone = site.value("SELECT team_id FROM team_member WHERE team_id IN (SELECT team_id FROM team) LIMIT 1")
        site.change(f"UPDATE team SET deleted_at = '2026-03-01' WHERE team_id = '{gone}'")
        self.ok(site.extract("--stream", "teams", env=clock_at(harness.ago("%Y-%m-%dT%H:%M:%SZ", hours=-3))))
        marked = site.value(f"SELECT max(deleted_at) FROM team_member WHERE team_id = '{gone}'")
        self.assertLess(marked, harness.ago("%Y-%m-%dT%H:%M:%SZ", hours=-1), "by the server's clock")
        self.assertEqual(site.value(f"SELECT count(*) FROM team_member WHERE team_id = '{gone}' AND deleted_at IS NULL"), 0)
        self.assertLess(0, site.value(alive))
        logged = "SELECT count(*) FROM dimension_change WHERE table_name = 'team_member' AND field = 'deleted_at'"
        self.assertEqual(site.value(logged), before - site.value(alive))
        self.assertEqual(site.value(logged + " AND id IN (SELECT team_id || '/' || user_id FROM team_member)"), site.value(logged))
        site.change("UPDATE team SET deleted_at = NULL")
        self.ok(site.extract("--stream", "teams"))
        self.assertEqual((site.value(alive), site.value(teams)), (before, which))
        self.assertEqual(site.value(logged + " AND new_value IS NULL") * 2, site.value(logged))

    def test_a_name_that_goes_while_the_list_is_cut_takes_no_other_along(self):
        """Names behind it move up a page: one that was not seen is not gone."""
        server, site = self.begin()
        names, running = [{"id": f"w{n}", "name": "n"} for n in range(23)], []

        def page(_, path, __):
            if not path.startswith("/api/v2/routing/wrapupcodes"):
                return None
            number = int(re.search(r"pageNumber=(\d+)", path).group(1))
            if number == 3 and running:
                wait_until(lambda: site.value("SELECT page FROM window_pass WHERE target_to IS NOT NULL") == 3)
                running.pop().kill()
            return 200, json.dumps({"entities": names[number * 10 - 10:number * 10], "pageSize": 10, "total": len(names),
                                    "pageCount": 3}).encode()

        site.set(genesys={"api_url": self.rewriting(server.url, page)}, extract={"in_flight": "1"})
        running.append(site.start_process("extract", "--stream", "wrapup_codes"))
        running[0].communicate()
        self.assertEqual(running, [])
        del names[2]
        self.ok(site.extract("--stream", "wrapup_codes"))
        alive = {r[0] for r in site.query("SELECT wrapup_code_id FROM wrapup_code WHERE deleted_at IS NULL")}
        self.assertEqual({n["id"] for n in names} - alive, set())

    def test_members_alone_read_what_they_are_of(self):
        _, site = self.begin()
        self.ok(site.extract("--stream", "management_unit_users"))
        self.assertGreater(site.value("SELECT count(*) FROM management_unit_user"), 0)
        self.assertEqual(site.value("SELECT count(*) FROM management_unit"), 4)

    def test_codes_by_a_url(self):
        """A long list of activity codes may come as the URL of a file, which takes no token."""
        server, site = self.begin()
        files, url = {}, []

        def edit(path, answer):
            if not path.endswith("/activitycodes"):
                return answer
            files[f"/files/{len(files)}"] = answer
            return json.dumps({"downloadUrl": f"{url[0]}/files/{len(files) - 1}"}).encode()

        url.append(self.rewriting(server.url, lambda _, path, __: (200, files[path]) if path in files else None, edit))
        site.set(genesys={"api_url": url[0]})
        self.ok(site.extract("--stream", "activity_codes"))
        self.assertEqual(len(files), 2)
        self.assertEqual(site.value("SELECT count(*) FROM activity_code"), len(json.loads(files["/files/0"])["entities"])
                         + len(json.loads(files["/files/1"])["entities"]))

    def test_what_is_not_the_clients_is_not_asked_for(self):
        server, site = self.begin()
        first = []

        def edit(path, answer):
            if path.endswith("/businessunits"):
                units = json.loads(answer)
                first[:] = [units["entities"][0]["id"]]
                units["entities"][0]["authorized"] = False
                answer = json.dumps(units)
            return answer.encode() if isinstance(answer, str) else answer

        def rule(_, path, __):
            return (403, json.dumps({"status": 403, "code": "missing.any.permissions"}).encode()) if first and first[0] in path else None

        site.set(genesys={"api_url": self.rewriting(server.url, rule, edit)}, extract={"streams": "activity_codes, adherence_explanation"})
        self.ok(site.run("check"))
        self.ok(site.extract())
        self.assertEqual(site.value("SELECT count(DISTINCT business_unit_id) FROM activity_code"), 1)

    def test_an_answer_that_is_not_all_marks_nothing(self):
        """A list that comes at once and says that it is longer; a link to the next page that is none."""
        server, site = self.begin()
        self.ok(site.extract("--stream", "management_units", "--stream", "teams", "--stream", "presence_definitions"))
        self.assertEqual(server.requests()["routes"]["GET /api/v2/presence/definitions"], 2, "each has a total of its own")

        def edit(path, answer):
            page = json.loads(answer)
            if path.endswith("/managementunits"):
                page.update(entities=page["entities"][:2], total=len(page["entities"]))
            elif path.startswith("/api/v2/teams?"):
                page.update(nextUri=17)
            return json.dumps(page).encode()

        site.set(genesys={"api_url": self.rewriting(server.url, edit=edit)})
        site.change("UPDATE window_pass SET read_at = '2026-02-01T00:00:00.000Z'")
        for stream in ("management_units", "teams"):
            self.ok(site.extract("--stream", stream), 11)
        for table in ("management_unit", "management_unit_user", "team", "team_member"):
            self.assertEqual(site.value(f"SELECT count(deleted_at) FROM {table}"), 0, table)
