"""Every list of names in the file equals what the stand-in serves, read independently: page after page by the links
of the answers, and turned into rows by the names of their fields alone. As days pass, names come, go and return,
members move, and the file follows.
"""
import base64
import json
import unittest
import urllib.error
import urllib.parse
import urllib.request

import harness
from harness import TestCase, canonical, clock_at, snake

GROUPS = "dimensions, telephony, evaluation_forms, survey_forms"
DAYS = ("2026-03-01T20:00:00Z", "2026-03-02T20:00:00Z", "2026-03-03T20:00:00Z")
EDGES = "telephony/providers/edges"
WFM = "workforcemanagement"
# The table: the routes that show it. {x} stands for each id that the routes of x show.
ROUTES = {
    "user": ["users?state=any"],
    "queue": ["routing/queues"],
    "queue_member": ["routing/queues/{queue}/members"],
    "wrapup_code": ["routing/wrapupcodes"],
    "skill": ["routing/skills"],
    "language": ["routing/languages"],
    "division": ["authorization/divisions"],
    "team": ["teams"],
    "team_member": ["teams/{team}/members"],
    "user_group": ["groups"],
    "location": ["locations"],
    "presence_definition": ["presence/definitions", "presence/definitions?deactivated=TRUE"],
    "business_unit": [f"{WFM}/businessunits"],
    "activity_code": [f"{WFM}/businessunits/{{business_unit}}/activitycodes"],
    "management_unit": [f"{WFM}/managementunits"],
    "management_unit_user": [f"{WFM}/managementunits/{{management_unit}}/users"],
    "flow": ["flows?deleted=true"],
    "flow_outcome_definition": ["flows/outcomes"],
    "flow_milestone": ["flows/milestones"],
    "campaign": ["outbound/campaigns"],
    "contact_list": ["outbound/contactlists/divisionviews"],
    "messaging_campaign": ["outbound/messagingcampaigns"],
    "data_table": ["flows/datatables"],
    "recording_policy": ["recording/mediaretentionpolicies"],
    "evaluation_form": ["quality/forms/evaluations"],
    "survey_form": ["quality/forms/surveys"],
    "site": [f"{EDGES}/sites"],
    "edge": [EDGES],
    "station": ["stations"],
    "did": [f"{EDGES}/dids"],
    "trunk": [f"{EDGES}/trunks"],
}
STEADY = {"user", "queue", "division", "business_unit", "management_unit"}
NO_DATA = {"manager_version"}
# What changes at any time is no change of its row.
OF_THE_MOMENT = {"queue_member": {"user", "routing_status"}}


class Reader:
    """Reads the stand-in as anybody would."""

    def __init__(self, server):
        self.server = server
        basic = base64.b64encode(f"{harness.CLIENT_ID}:{harness.CLIENT_SECRET}".encode()).decode()
        answer = self.request("/oauth/token", {"Authorization": f"Basic {basic}",
                                               "Content-Type": "application/x-www-form-urlencoded"},
                              b"grant_type=client_credentials")
        self.token = answer["access_token"]

    def request(self, path, headers, body=None):
        with urllib.request.urlopen(urllib.request.Request(self.server.url + path, body, headers), timeout=60) as answer:
            return json.load(answer)

    def entities(self, path):
        found, path = [], "/api/v2/" + path
        while path:
            page = self.request(path, {"Authorization": f"Bearer {self.token}"})
            found += page["entities"]
            path = page.get("nextUri")
        return found

    def ids(self, table):
        return [e["id"] for path in ROUTES[table] for e in self.entities(path)]

    def table(self, table, columns):
        """Its rows by their keys."""
        rows = {}
        for path in ROUTES[table]:
            parent = path[path.index("{") + 1:path.index("}")] if "{" in path else None
            for scope in self.ids(parent) if parent else [None]:
                for e in self.entities(path.replace(f"{{{parent}}}", scope) if parent else path):
                    row = {f"{parent}_id": scope} if parent else {}
                    row["user_id" if f"{table}_id" not in columns else f"{table}_id"] = e.pop("id")
                    flatten(row, e, columns)
                    rows[key_of(table, row, columns)] = row
        return rows


def flatten(row, item, columns, prefix=""):
    """Objects are columns named after them, or one of JSON text."""
    for name, value in item.items():
        column = prefix + snake(name)
        if name == "selfUri":
            continue
        if column in columns:
            row[column] = json.dumps(value) if isinstance(value, (dict, list)) else harness.plain(value)
        elif isinstance(value, dict):
            flatten(row, value, columns, column + "_")
        elif column not in NO_DATA:
            row[f"no column {column}"] = value


def key_of(table, row, columns):
    return tuple(row[c] for c in (f"{table}_id", *columns) if c in row and c.endswith("_id"))[:2 if table not in ROUTES or
                                                                                             "{" in ROUTES[table][0] else 1]


class Lists(TestCase):
    def begin(self, **options):
        server = self.standin(days=3, agents=24, queues=3, per_day=2, users_page_cap=4, now=DAYS[0], **options)
        return server, self.site(server.url, extract={"streams": GROUPS})

    def stored(self, site, table, where="deleted_at IS NULL"):
        rows = [{k: v for k, v in dict(r).items() if v is not None and not k.startswith("row_")}
                for r in site.query(f'SELECT * FROM "{table}" WHERE {where}')]
        return [{k: json.dumps(json.loads(v)) if isinstance(v, str) and v[:1] in ("[", "{") else v for k, v in r.items()}
                for r in rows]

    def compare(self, site, reader):
        """What is there equals what is served; what was there before and is not, is marked. Returns the keys."""
        seen = {}
        for table in ROUTES:
            with self.subTest(table):
                columns = [r["name"] for r in site.query(f'PRAGMA table_info("{table}")')]
                served = reader.table(table, columns)
                passing = OF_THE_MOMENT.get(table, set())
                self.assertEqual(*(canonical({k: v for k, v in r.items() if k not in passing and v is not None}
                                             for r in rows) for rows in (self.stored(site, table), served.values())))
                marked = {key_of(table, r, columns) for r in self.stored(site, table, "deleted_at IS NOT NULL")}
                self.assertFalse(marked & set(served))
                seen[table] = set(served), marked
        return seen

    def again(self, server, site, now):
        server.control(now=now)
        site.change("UPDATE window_pass SET read_at = '2026-02-01T00:00:00.000Z'")
        self.ok(site.extract())

    def test_all_lists_as_days_pass(self):
        server, site = self.begin()
        reader = Reader(server)
        self.ok(site.extract())
        ever = {table: now for table, (now, _) in self.compare(site, reader).items()}
        self.assertEqual({t for t, keys in ever.items() if not keys}, set())
        for day in DAYS[1:]:
            self.again(server, site, day)
            for table, (now, marked) in self.compare(site, reader).items():
                ever[table] |= now
                self.assertEqual(marked, ever[table] - now, table)
                self.assertTrue(marked or table in STEADY or len(ever[table]) < 4, table)
        for table in ("unknown_field", "data_problem"):
            self.assertEqual([tuple(r) for r in site.query(f"SELECT * FROM {table}")], [])
        self.ok(site.extract())
        self.assertEqual(site.value("SELECT rows_new + rows_changed FROM run ORDER BY run_id DESC LIMIT 1"), 0)
        # The same state, extracted at once: nothing else is left behind than what is marked.
        fresh = self.site(server.url, extract={"streams": GROUPS})
        self.ok(fresh.extract())
        for table in set(ROUTES) - set(OF_THE_MOMENT):
            self.assertEqual(canonical(self.stored(site, table)), canonical(self.stored(fresh, table)), table)

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

    def test_an_answer_that_is_not_all_marks_nothing(self):
        """A list that comes at once and says that it is longer; a link to the next page that is none."""
        server, site = self.begin()
        self.ok(site.extract("--stream", "management_units", "--stream", "teams"))

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


if __name__ == "__main__":
    unittest.main()
