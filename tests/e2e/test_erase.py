"""A person's data goes for good: from every column that is marked, every kept answer, every byte of the file, and stays out."""
import gzip
import json
import os
import random
import signal
import sqlite3
import subprocess
import unittest
from pathlib import Path

from harness import FULL, TestCase, at_terminal, check_attribute_keys, killed, shim, table_names, wait_until

CONTACT = "7d0f3c1e-aaaa-4bbb-8ccc-0123456789ab"
NUMBER = "+4915112345678"
ADDRESS = "tel:" + NUMBER
NAME = "Erika Mustermann-Probe"
MAIL = "erika.probe@example.org"
OTHER = "Otto Nachbar-Probe"  # another person, from the same number
OTHER_CONTACT = "7d0f3c1e-dddd-4bbb-8ccc-0123456789ab"
OURS = "tel:+4930555000"  # dialed on either way
FRIEND = "bert.freund@example.org"  # who had a copy of what that person wrote
NOTE = "does not like Mondays"  # what an agent notes of her
WORDS = "greetings from Kleinprobstadt"  # what she says in a survey
HERS = (CONTACT, NUMBER[1:], NAME, NAME.upper(), MAIL, "Mustermann", "erika.probe", NOTE, WORDS)
NOON = "2026-03-02T12:00:00Z"
STREAMS = "users, queues, conversations, survey_details"
NAMES = {("attribute_key", "name"), ("participant_attribute", "name"), ("unknown_field", "path")}  # of fields, in which something of hers may stand
# A disk with FREE bytes left.
FREE_SHIM = r"""
#include <stdlib.h>
#include <sys/statvfs.h>

int statvfs(const char *restrict path, struct statvfs *restrict out)
{
    (void)path;
    *out = (struct statvfs){.f_frsize = 1, .f_bavail = strtoul(getenv("FREE"), NULL, 10)};
    return 0;
}
"""


def customers(document):
    return [p for p in document["participants"] if p["purpose"] == "customer"]


class World:
    """Plants a person into some of the stand-in's conversations, as they pass by."""

    def __init__(self, case, **options):
        self.server = case.standin(**{"days": 2, "per_day": 24, **options})
        self.url = case.rewriting(self.server.url, self.survey, self.edit)
        chosen = [d["conversation"] for d in self.server.truth("2026-03-01")]
        chosen = [d for d in chosen if d["originatingDirection"] == "inbound" and customers(d) and any(
            s["mediaType"] == "voice" for s in customers(d)[0]["sessions"]) and len(d["participants"]) > 2]
        self.ids = {d["conversationId"]: k for k, d in zip("abc", chosen)}
        self.participants = {customers(d)[0]["participantId"] for d in chosen[:2]}

    def edit(self, path, answer):
        if "/conversations/details" not in path or not answer.startswith(b"{"):
            return answer
        document = json.loads(answer)
        for d in document.get("conversations", ()):
            if d.get("conversationId") in self.ids:
                self.plant(d, self.ids[d["conversationId"]])
        return json.dumps(document).encode()

    def survey(self, method, path, body):
        """Her survey of conversation a, and the other's of c."""
        which = self.ids.get(path.split("/")[-2]) if path.endswith("/surveys") else None
        if which in ("a", "c"):
            question = {"questionId": "q", "freeTextAnswer": WORDS if which == "a" else OTHER, "npsTextAnswer": "good, " + which, "score": 1}
            return 200, json.dumps([{"id": "s-" + which, "conversation": {"id": path.split("/")[-2]}, "status": "Finished", "answers": {
                "totalScore": 1.5, "questionGroupScores": [{"questionGroupId": "g", "questionScores": [question]}]}}]).encode()
        return None

    def plant(self, d, which):
        """a, b: hers; c: somebody else's, from her number."""
        c = customers(d)[0]
        hers = which in "ab"
        d["surveys"] = [{"surveyId": "s-" + which, "eventTime": d["conversationStart"], "surveyStatus": "Finished"}] if which != "b" else []
        c.update(externalContactId=CONTACT if hers else OTHER_CONTACT, participantName=NAME if hers else OTHER,
                 nickname=NAME if hers else OTHER)
        for p in d["participants"]:
            for s in p["sessions"]:
                s.update(ani=ADDRESS, remote=NUMBER if which == "b" else c["participantName"])
                s.update(sessionDnis={"sip": NUMBER}, provider={"name": c["participantName"]})
                for g in s.get("segments", ()):
                    g["wrapUpNote"] = MAIL if hers and p is c else NOTE if hers else OTHER
        for p in d["participants"]:
            if "attributes" in p:
                p["attributes"].update({"callback": f"crm?ani={NUMBER};x=1", "url": f"crm?ani=%2B{NUMBER[1:]}", "pin": "1234", NUMBER: "x",
                                        "trunk": f"sip:{NUMBER[1:]}@trunk.example", "recording": f"rec_{NUMBER[1:]}_1.wav",
                                        "mail": MAIL.replace("@", "%40"), "who": "anonymous", "greeting": f"Hello {c['participantName'].upper()}!", "sip": "sip:anonymous@anonymous.invalid"})
            p["sessions"][0].update({"x" + NUMBER: 1, "known": {NUMBER: True, "as": int(NUMBER)}, "book": {MAIL: 1}})
        if hers:
            if "attributes" in c:
                c["attributes"]["email"] = MAIL
            c["sessions"][0].update(callbackNumbers=[ADDRESS, "tel:12", "tel:1234", "anonymous", "sip:anonymous@anonymous.invalid"], callbackUserName=NAME, addressFrom=MAIL)
            c["sessions"].append({"sessionId": "called " + which, "mediaType": "voice", "direction": "outbound", "dnis": ADDRESS,
                                  "sessionDnis": OURS})
        else:
            c["sessions"][0].update(cc=[f"Bert <{FRIEND}>"], destinationAddresses=[FRIEND], direction="inbound", sessionDnis=OURS)

    def site(self, case, **sections):
        return case.site(self.url, extract={"streams": STREAMS}, **sections)

    def read(self, case, site, now):
        self.server.control(now=now)
        case.ok(site.extract("--until", now))


def bytes_of(site):
    """All that is stored: the file and what is beside it, and the answers that are kept in it, inflated."""
    out = b""
    for ending in ("", "-wal", "-shm", "-journal"):
        if os.path.exists(site.db + ending):
            with open(site.db + ending, "rb") as f:
                out += f.read()
    for encoding, body in site.query("SELECT encoding, bytes FROM raw_page"):
        out += gzip.decompress(body) if encoding == "gzip" else bytes(body)
    return out


def traces(site, words=HERS):
    data = bytes_of(site)
    return [w for w in words if w.encode() in data or w.lower().encode() in data or w.encode("utf-16le") in data]


def figures(site, views=("v_queue_day", "v_agent_day", "v_queue_halfhour", "v_metric", "v_queue_visit", "v_agent_leg")):
    """What the file's tables and views count, the person's words aside."""
    out = {}
    for name in ("interval_figure", "queue_visit", "agent_leg", "session_metric", *views):
        out[name] = sorted(tuple(r) for r in site.query(f"SELECT * FROM {name}"))
    for name in table_names(site):
        out["rows of " + name] = site.value(f"SELECT count(*) FROM {name}") if name not in ("erased", "figure_touched", "figure_kept", "unknown_field") else 0
    out["conversations"] = sorted(tuple(r) for r in site.query("SELECT conversation_id, offered, answered, abandoned, handle_ms FROM v_conversation"))
    return out


def marked(site):
    """{(table, column)} of the columns that the schema marks."""
    return {(t["name"], c["name"]) for t in json.loads(site.run("schema", "--json").stdout) if t["kind"] == "table"
            for c in t["columns"] if c["description"].endswith("(personal)")}


def holding(site, words=HERS):
    """{(table, column)} of the columns in which a word stands."""
    found = set()
    for table in table_names(site):
        for row in site.query(f"SELECT * FROM {table}"):
            found |= {(table, k) for k in row.keys() if isinstance(row[k], str) and any(w in row[k] for w in words)}
    return found


class EraseTest(TestCase):
    @classmethod
    def setUpClass(cls):
        """A file that has read the first day, and half of the second: each test has a copy."""
        case = cls.shared()
        cls.world = World(case)
        cls.read = cls.world.site(case)
        cls.world.read(case, cls.read, NOON)
        cls.case = case

    def copy(self):
        return self.world.site(self).copy_of(self.read)

    def erase(self, site, *arguments, code=0, **options):
        return self.ok(site.run("erase", *(arguments or ("--external-contact", CONTACT)), "--yes", **options), code)

    def check_gone(self, site):
        self.assertEqual(traces(site), [])
        self.assertEqual(site.value("SELECT count(*) FROM participant WHERE erased_at IS NOT NULL"), 2)
        self.assertEqual(site.value("PRAGMA freelist_count"), 0)
        self.assertEqual(site.value("SELECT min(is_clean) FROM erased"), 1)

    def test_it_goes_and_figures_stay(self):
        site = self.copy()
        self.assertEqual(traces(site), [*HERS])
        self.assertEqual(holding(site) - marked(site) - NAMES, set(), "columns that hold a person's words have no mark")
        before = figures(site)
        said = self.erase(site).stdout
        self.assertRegex(said, r"(?m)^participant +2 +6$")
        self.check_gone(site)
        self.assertEqual(figures(site), before)
        check_attribute_keys(self, site)
        # What is nobody's own stays where others have it.
        self.assertEqual(site.query("SELECT a.* FROM participant_attribute AS a JOIN participant USING (conversation_key, participant_no) "
                                    "WHERE name IN ('pin', 'who', 'sip') AND value IS NULL AND erased_at IS NULL"), [])
        self.assertEqual(site.value("SELECT count(*) FROM session WHERE session_dnis = ?", OURS), 1)
        # The other person is there but for the number.
        self.assertEqual([tuple(r) for r in site.query("SELECT participant_name, erased_at FROM participant WHERE external_contact_id = ?",
                                                       OTHER_CONTACT)], [(OTHER, None)])
        self.assertIn(OTHER.encode(), bytes_of(site))
        self.assertEqual([tuple(r) for r in site.query("SELECT survey_id, free_text_answer, nps_text_answer, score FROM survey_answer "
                                                       "WHERE survey_id LIKE 's-%'")],
                         [("s-a", None, None, 1), ("s-c", OTHER, "good, c", 1)])
        self.assertIn("Nothing of it is stored", self.erase(site).stdout)

    def test_what_is_not_shown_stays(self):
        site = self.copy()
        done = site.run("erase", "--external-contact", CONTACT, "--yes", before=["sh", "-c", 'exec "$@" >/dev/full', "sh"])
        self.assertIn("nothing was removed", self.ok(done, 9).stderr)
        self.assertEqual(traces(site), [*HERS])

    def test_it_stays_out(self):
        """What the same conversations bring later, and again, is kept out; what has not changed is no change."""
        site = self.copy()
        self.erase(site)
        changes = site.value("SELECT count(*) FROM conversation_change")
        keys = [r[0] for r in site.query("SELECT DISTINCT conversation_key FROM participant WHERE erased_at IS NOT NULL")]
        seen = [dict(r) for r in site.query(f"SELECT * FROM participant WHERE conversation_key = {keys[0]} ORDER BY participant_no")]
        for now in ("2026-03-02T23:00:00Z", "2026-03-05T00:00:00Z"):
            self.world.read(self, site, now)
            self.check_gone(site)
        self.world.server.control(now=NOON)
        check_attribute_keys(self, site)
        self.assertGreater(site.value("SELECT count(*) FROM conversation_change"), changes)
        self.assertEqual(site.query("SELECT * FROM conversation_change WHERE conversation_key IN (?, ?) AND changed = '[]'", *keys), [])
        self.assertEqual(holding(site, (OTHER,)), holding(self.read, (OTHER,)))
        self.assertLessEqual({r["purpose"] for r in seen}, {r[0] for r in site.query("SELECT purpose FROM participant")})

    def test_unchanged_is_no_change(self):
        """By a replay, by a reading, by a backfill."""
        site = self.copy()
        self.erase(site)
        before = figures(site)
        self.ok(site.run("replay"))
        self.check_gone(site)
        self.assertEqual(figures(site), before)
        changes = site.value("SELECT count(*) FROM conversation_change")
        for _ in range(2):
            site.change("UPDATE window_pass SET covered_to = NULL, read_at = NULL")
            self.world.read(self, site, NOON)
            self.assertEqual(site.value("SELECT count(*) FROM conversation_change"), changes)
            self.check_gone(site)
        self.assertEqual(site.value("SELECT rows_changed FROM run ORDER BY run_id DESC LIMIT 1"), 0)
        self.ok(site.run("backfill", "--from", "2026-03-01", "--to", "2026-03-02", "--again"))
        self.check_gone(site)
        self.ok(site.run("replay"))
        self.check_gone(site)

    def test_every_marked_column_is_emptied(self):
        """Whatever stands in a marked column: her number there goes, and nothing else does."""
        site = self.copy()
        columns = sorted(marked(site) - {("raw_page", "bytes")})
        self.assertGreater(len(columns), 60)
        for table in sorted({t for t, _ in columns}):
            if not site.value(f"SELECT count(*) FROM {table}"):
                needed = [r["name"] for r in site.query(f"PRAGMA table_info({table})") if r["notnull"] or r["pk"]]
                site.change(f"INSERT INTO {table} ({', '.join(needed)}) VALUES ({', '.join(['1'] * len(needed))})")
            sets = ", ".join(f"{c} = 'x tel:+4930777777 {c}'" for t, c in columns if t == table)
            site.change(f"UPDATE {table} SET {sets} WHERE rowid = (SELECT min(rowid) FROM {table})" if "WITHOUT ROWID" not in site.value(
                "SELECT sql FROM sqlite_master WHERE name = ?", table) else self.first_row(site, table, sets))
        self.assertEqual(holding(site, ("777777",)), set(columns))
        self.erase(site, "--address", "+49 30 777777")
        self.assertEqual(holding(site, ("777777",)), set())
        self.assertEqual(traces(site, ("777777",)), [])

    def first_row(self, site, table, sets):
        keys = [r["name"] for r in site.query(f"PRAGMA table_info({table})") if r["pk"]]
        row = site.query(f"SELECT {', '.join(keys)} FROM {table} LIMIT 1")[0]
        return f"UPDATE {table} SET {sets} WHERE " + " AND ".join("{} = '{}'".format(k, str(row[k]).replace("'", "''")) for k in keys)

    def test_by_address_and_by_participant(self):
        site = self.copy()
        self.erase(site, "--address", NUMBER)
        self.assertEqual(traces(site, (NUMBER[1:], NAME, OTHER)), [], "of all whose number it is")
        self.assertEqual(site.value("SELECT count(*) FROM participant WHERE erased_at IS NOT NULL"), 3)
        site = self.copy()
        self.erase(site, "--address", FRIEND)
        self.assertEqual(traces(site, (FRIEND,)), [])
        self.assertEqual(site.value("SELECT count(*) FROM participant WHERE participant_name = ?", OTHER), 1, "is not whom he wrote to")
        said = self.erase(site, "--participant", min(self.world.participants)).stdout
        self.assertIn(ADDRESS, said)
        self.assertEqual(traces(site, (NUMBER[1:],)), [], "the number goes everywhere")
        self.assertEqual(site.value("SELECT count(*) FROM participant WHERE erased_at IS NOT NULL"), 1)
        self.assertEqual(site.value("SELECT count(*) FROM participant WHERE external_contact_id = ?", CONTACT), 1)

    def test_a_reader_keeps_the_bytes(self):
        site = self.copy()
        reader = sqlite3.connect(site.db)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM run").fetchone()
        result = self.erase(site, code=9)
        self.assertIn("run the same again", result.stderr)
        self.assertEqual(site.value("SELECT count(*) FROM participant WHERE external_contact_id = ?", CONTACT), 0)
        reader.close()
        self.erase(site)
        self.check_gone(site)

    def test_killed_at_any_moment(self):
        site = self.copy()
        steps = self.copy().steps("erase", "--external-contact", CONTACT, "--yes")
        before = figures(site, ())
        seed = random.randrange(10**6)
        chance = random.Random(seed)
        moments = [chance.randrange(1, len(steps) - 2), *range(len(steps) - 2, len(steps) + 1)]
        for moment in [*(range(1, len(steps) + 1) if FULL else moments), *(chance.random() for _ in range(100 if FULL else 1))]:
            with self.subTest(seed=seed, moment=moment):
                site = self.copy()
                if isinstance(moment, int):
                    self.assertTrue(killed(site.run("erase", "--external-contact", CONTACT, "--yes", env={"ROLLCALL_KILL_STEP": moment})))
                else:
                    process = site.start_process("erase", "--external-contact", CONTACT, "--yes")
                    try:
                        process.communicate(timeout=moment / 2)
                    except subprocess.TimeoutExpired:
                        process.send_signal(signal.SIGKILL)
                        process.communicate()
                self.assertIn(site.value("SELECT count(*) FROM participant WHERE external_contact_id = ?", CONTACT), (0, 2))
                self.assertIn(site.value("SELECT count(*) FROM participant WHERE erased_at IS NOT NULL"), (0, 2))
                self.assertEqual(figures(site, ()), before)
                self.erase(site)
                self.check_gone(site)

    def test_nothing_found_is_kept_out(self):
        world = World(self)
        site = world.site(self)
        world.read(self, site, "2026-03-01T00:10:00Z")
        self.assertIn("Nothing of it is stored", self.erase(site).stdout)
        self.erase(site, "--address", MAIL)
        world.read(self, site, NOON)
        self.assertEqual(traces(site, (CONTACT, NAME, MAIL)), [])
        self.assertEqual(site.value("SELECT count(*) FROM participant WHERE erased_at IS NOT NULL"), 2)
        self.erase(site)  # of her conversations nobody knew, nor of whose the surveys are
        self.assertEqual(traces(site, (WORDS,)), [])

    @unittest.skipUnless(shim(FREE_SHIM), "no shim can be loaded here")
    def test_it_asks_for_room_first(self):
        """To the byte; of room on the disk it takes that, and of memory none that grows with the file."""
        site = self.copy()
        site.change("CREATE TABLE others AS WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 450) "
                    "SELECT randomblob(100000) AS x FROM n; PRAGMA wal_checkpoint(TRUNCATE)")
        for command, *words in (("replay",), ("erase", "--external-contact", CONTACT, "--yes")):
            bytes_needed = 3 * os.path.getsize(site.db) if words else 8 * site.value("SELECT sum(length(bytes)) FROM raw_page")
            before = figures(site)
            result = site.run(command, *words, env={"LD_PRELOAD": shim(FREE_SHIM), "FREE": bytes_needed - 1})
            self.ok(result, 9)
            self.assertRegex(result.stderr, rf"{site.db}: {command[:4]}\w*ing takes {bytes_needed // 1000000 + 1} MB beside it while it lasts, "
                             rf"{(bytes_needed - 1) // 1000000} MB are free; free some and run again \(the file is as it was\)")
            self.assertEqual((figures(site), traces(site)), (before, [*HERS]))
            result, rss = site.measured(command, *words, env={"LD_PRELOAD": shim(FREE_SHIM), "FREE": bytes_needed})
            self.assertLessEqual((self.ok(result).returncode, rss), (0, 48))
        self.check_gone(site)

    def test_it_names_copies(self):
        site = self.copy()
        out = site.export("earlier")
        copy = os.path.join(site.directory, "copy.db")
        self.ok(site.run("snapshot", copy))
        aside = Path(site.db + ".before-1-wal")
        aside.write_bytes(b"of another file")
        said = self.erase(site).stdout
        self.assertIn(str(aside), said)
        self.assertIn(out + " (", said)
        self.assertIn(copy + " (", said)

    def test_it_asks(self):
        site = self.copy()
        result = site.run("erase", "--external-contact", CONTACT, stdin=subprocess.DEVNULL)
        self.ok(result, 2)
        self.assertIn("--yes", result.stderr)
        for wrong in ((), ("--address", ADDRESS, "--participant", "abcde"), ("--address", "tel:12"), ("--address", "tel:"), ("--address", "----"),
                      ("--address", ADDRESS, "more")):
            self.ok(site.run("erase", *wrong, "--yes"), 2)
        for answer, code, left in ((b"n\n", 12, 2), (b"y\n", 0, 0)):
            main, terminal = os.openpty()
            os.write(main, answer)
            # no pager stands between what goes and the question
            seen, exit_code = at_terminal(site.command("erase", "--external-contact", CONTACT),
                                          {**site.environment(), "ROLLCALL_PAGER": "cat >/dev/null"}, stdin=terminal,
                                          cwd=site.directory)
            self.assertRegex(seen, r"(?s)participant.*Remove this for good\?")
            self.assertEqual(exit_code, code, seen)
            self.assertEqual(site.value("SELECT count(*) FROM participant WHERE external_contact_id = ?", CONTACT), left)
            os.close(main)
            os.close(terminal)

    def test_nothing_else_works_meanwhile(self):
        site = self.copy()
        holder = sqlite3.connect(site.db)
        holder.execute("BEGIN IMMEDIATE")  # a run that begins waits, with its locks
        process = site.start_process("extract", "--stream", "users")
        try:
            wait_until(lambda: os.path.exists(site.db + ".lock") and b"process" in Path(site.db + ".lock").read_bytes())
            self.erase(site, code=10)
        finally:
            holder.close()
            process.communicate()
