"""What moved since yesterday: ten nights with late data, and what the file says of them is what nightly copies tell."""
import json
import os
import random
import re
import sqlite3

from harness import ROOT, TestCase, check_attribute_keys

NIGHTS = 10
CHILDREN = ("conversation_division", "participant", "session", "session_metric", "segment", "segment_skill", "session_flow",
            "flow_outcome", "evaluation", "survey", "resolution", "media_endpoint_stat", "proposed_agent", "scored_agent",
            "agent_group")
COUNTED = ("participant", "segment", "session_metric", "participant_attribute")
OURS = re.compile(r"row_|.*_key$")


def moments(table):
    """The columns of a table that are of the moment alone, by the schema's own comments."""
    text = (ROOT / "schema" / f"0007_{table}.sql").read_text()
    return set(re.findall(r"^    (\w+) .*-- \[[^]]* moment\]", text, re.M))


def rows(db, sql):
    return [dict(r) for r in db.execute(sql)]


def conversations(db):
    """Each conversation with its fields and the rows of each table below it, as sorted text."""
    known = {r.pop("conversation_key"): {"": {k: v for k, v in r.items() if not OURS.match(k)}}
             for r in rows(db, "SELECT * FROM conversation")}
    for table in CHILDREN:
        for r in rows(db, f"SELECT * FROM {table}"):
            known[r.pop("conversation_key")].setdefault(table, []).append(repr(sorted(r.items(), key=str)))
    for r in rows(db, "SELECT conversation_key, participant_id, name, value FROM participant_attribute "
                      "JOIN participant USING (conversation_key, participant_no)"):
        known[r.pop("conversation_key")].setdefault("participant_attribute", []).append(repr(r))
    for parts in known.values():
        for table in parts:
            if table:
                parts[table].sort()
    return {parts[""]["conversation_id"]: parts for parts in known.values()}


def differing(before, after):
    """The fields and tables in which two states of a conversation differ."""
    fields = {k for k in after[""] if after[""][k] != before[""][k]}
    return fields | {t for t in CHILDREN + ("participant_attribute",) if before.get(t, []) != after.get(t, [])}


def measured(state):
    return [state[""]["conversation_end"], *(len(state.get(t, ())) for t in COUNTED)]


def noted(change, which):
    return [change[f"{which}_conversation_end"], *(change[f"{which}_{t}_count"] for t in COUNTED)]


class Changes(TestCase):
    def setUp(self):
        self.night = 0
        server = self.standin(days=NIGHTS, per_day=15, agents=8, eventful=True, now="2026-03-02T06:00:00.000Z")
        self.server = server
        self.site = self.site(self.rewriting(server.url, edit=self.edit), extract={"streams": "users, queues, conversations"})

    def edit(self, path, answer):
        """Users that are renamed, go and come back, and queues whose settings change, from night to night."""
        kind = "queues" if path.startswith("/api/v2/routing/queues?") else "users" if path.startswith("/api/v2/users?") else None
        if not kind:
            return answer
        page = json.loads(answer)
        entities = []
        for e in page["entities"]:
            luck = random.Random(f"{e['id']}/{self.night}")
            last = random.Random(f"{e['id']}/{self.night // 3}")
            if last.random() < 0.3:
                continue
            if kind == "queues":
                e["memberCount"] = last.randrange(3)
                e["joinedMemberCount"] = luck.randrange(9)
                e["enableTranscription"] = last.choice((True, False))
            else:
                e["title"] = last.choice(("a/b", "it's", None))
            entities.append(e)
        page.update(entities=entities, total=len(entities))
        return json.dumps(page).encode()

    def copy(self):
        """Closed by who opened it; what is compared is read at once."""
        db = sqlite3.connect(self.site.db)
        db.row_factory = sqlite3.Row
        lists = {t: {r[f"{t}_id"]: r for r in rows(db, f"SELECT * FROM {t}")} for t in ("user", "queue")}
        state = conversations(db), lists
        db.close()
        return state

    def extract(self, code=0):
        now = f"2026-03-{self.night + 2:02}T06:00:00.000Z"
        self.server.control(now=now)
        if self.night > 0:  # lists are as old as nights are apart
            self.site.change("UPDATE window_pass SET covered_to = '2026-03-01', read_at = '2026-03-01' WHERE "
                             "window_id IN (SELECT window_id FROM extract_window WHERE window_start IS NULL)")
        self.ok(self.site.run("extract", "--until", now), code)

    def check_conversations(self, run, before, after):
        changes = {}
        for c in self.site.query("SELECT * FROM conversation_change WHERE run_id = ? ORDER BY change_id", run):
            changes.setdefault(c["conversation_id"], []).append(c)
        for id, state in after.items():
            mine = changes.get(id, [])
            if id not in before:
                continue
            differs = differing(before[id], state)
            said = [set(json.loads(c["changed"])) for c in mine]
            chain = [measured(before[id]), *(n for c in mine for n in (noted(c, "old"), noted(c, "new"))), measured(state)]
            for old, new in zip(chain[::2], chain[1::2]):
                self.assertEqual(old, new, id)
            if len(mine) < 2:  # else one that was undone may be among them
                self.assertEqual(set().union(*said), differs, id)
            self.assertLessEqual(differs, set().union(*said), id)
            self.assertTrue(all(said), id)
        return sum(len(c) for c in changes.values())

    def check_lists(self, run, before, after):
        expected = []
        for table, now in after.items():
            left_out = moments(table)
            for id, row in now.items():
                old = before[table].get(id)
                expected += [(table, id, field, *(None if v is None else str(v) for v in (old[field], row[field])))
                             for field in row if old and not OURS.match(field) and field not in left_out
                             and old[field] != row[field]]
        told = [tuple(r) for r in self.site.query("SELECT table_name, id, field, old_value, new_value FROM dimension_change "
                                                  "WHERE run_id = ?", run)]
        self.assertEqual(sorted(told, key=str), sorted(expected, key=str))
        return len(told)

    def test_ten_nights(self):
        before, moved, changed = None, 0, 0
        for self.night in range(NIGHTS):
            self.extract()
            after = self.copy()
            if before:
                run = self.site.value("SELECT max(run_id) FROM run")
                moved += self.check_conversations(run, before[0], after[0])
                changed += self.check_lists(run, before[1], after[1])
            before = after
        self.assertGreater(moved, 50)
        self.assertGreater(changed, 20)
        for which in ("old", "new"):  # who came back, who left
            self.assertGreater(self.site.value(f"SELECT count({which}_value) FROM dimension_change WHERE field = 'deleted_at'"), 5)
        self.assertEqual(self.site.value("SELECT count(*) FROM conversation_change WHERE changed = '[]'"), 0)
        check_attribute_keys(self, self.site)

    def test_attributes_as_columns(self):
        self.extract()
        name = self.site.value("SELECT name FROM attribute_key ORDER BY conversations DESC, name LIMIT 1")
        self.site.set(conversations={"attribute_columns": f'"{name}", {name.upper()}X # two'})
        self.extract()
        self.assertEqual([c[0] for c in self.site.query("SELECT name FROM pragma_table_info('v_conversation_attribute')")],
                         ["conversation_id", name, f"{name.upper()}X"])
        self.assertGreater(self.site.value(f'SELECT count("{name}") FROM v_conversation_attribute'), 0)
        self.assertEqual(self.site.value("SELECT count(*) FROM v_conversation_attribute"),
                         self.site.value("SELECT count(*) FROM conversation"))
        self.assertIn("v_conversation_attribute.csv", os.listdir(self.site.export()))
        self.site.set(conversations={"attribute_columns": '"a'})
        self.extract(3)
        self.site.set(conversations={"attribute_columns": None})
        self.extract()
        self.assertEqual(self.site.query("SELECT 1 FROM sqlite_master WHERE name = 'v_conversation_attribute'"), [])
