"""What is kept of answers and runs, how it goes again, and what is made of it: replay."""
import fcntl
import json
import random
import re
import sqlite3
import time
import unittest

from harness import CHANGE_LOGS, FULL, LEDGER, ROOT, TestCase, ago, clock_at, killed, table_names

POLL = ("extract", "--stream", "adherence_realtime")
# A day passes: what the ledger has dated is a day older.
DAY_LATER = "; ".join(f"UPDATE {table} SET {column} = strftime('%Y-%m-%dT%H:%M:%fZ', {column}, '-1 day')" for table, column in
                      (("run", "started_at"), ("run", "ended_at"), ("raw_page", "received_at"), ("raw_reading", "read_at")))
# What the last poll left, once more.
ONE_MORE_POLL = """
    INSERT INTO run SELECT (SELECT max(run_id) + 1 FROM run), {run} FROM run WHERE run_id = (SELECT max(run_id) FROM run);
    INSERT INTO request_count SELECT (SELECT max(run_id) FROM run), {count} FROM request_count
    WHERE run_id = (SELECT max(run_id) - 1 FROM run);
    INSERT INTO raw_page SELECT (SELECT max(raw_page_id) + 1 FROM raw_page), window_id, (SELECT max(run_id) FROM run), {page}
    FROM raw_page WHERE raw_page_id = (SELECT max(raw_page_id) FROM raw_page);
"""


class Kept(TestCase):
    def polled(self, **sections):
        server = self.standin(start=ago(days=1), days=2)
        site = self.site(server.url, start=ago(days=1), extract={"streams": "adherence_realtime"}, **sections)
        self.ok(site.run(*POLL))
        return server, site

    def columns(self, site, table, *but):
        return ", ".join(r["name"] for r in site.query(f"PRAGMA table_info({table})") if r["name"] not in but)

    def test_polls_do_not_make_the_file_grow(self):
        """A day's polls, as the last one left them, then a poll that clears up; and the next day."""
        _, site = self.polled()
        once = ONE_MORE_POLL.format(run=self.columns(site, "run", "run_id"), count=self.columns(site, "request_count", "run_id"),
                                    page=self.columns(site, "raw_page", "raw_page_id", "window_id", "run_id"))
        days, a_day, settled = (348, 288, 20) if FULL else (11, 30, 9)
        sizes = []
        asked = site.value("SELECT sum(requests) FROM run")
        per_poll = site.value("SELECT requests FROM run ORDER BY run_id DESC LIMIT 1")
        for _ in range(days):
            site.change("BEGIN;" + once * (a_day - 1) + DAY_LATER + "; COMMIT")
            asked += per_poll * (a_day - 1)
            self.ok(site.run(*POLL))
            [(per_poll,)] = site.query("SELECT requests FROM run ORDER BY run_id DESC LIMIT 1")
            asked += per_poll
            sizes.append(site.value("SELECT page_count FROM pragma_page_count"))
        print(f"{days} days of {a_day} polls: {sizes[settled] * 8} KB after {settled} days, {sizes[-1] * 8} KB at the end, "
              f"{site.value('SELECT count(*) FROM run')} runs")
        self.assertLessEqual(sizes[-1], sizes[settled] + (days - settled) // 8 + 2)
        self.assertEqual(site.value("SELECT sum(requests) FROM run"), asked)
        self.assertEqual(site.value("SELECT sum(requests) FROM request_count"), asked)
        self.assertEqual(site.value("SELECT sum(ifnull(runs, 1)) FROM run"), days * a_day + 1)
        self.assertLess(site.value("SELECT count(*) FROM raw_page"), 8 * a_day)

    def test_none_are_kept(self):
        server = self.standin(start=ago(days=2), days=2)
        site = self.site(server.url, start=ago(days=2), database={"keep_raw_days": "0"})
        self.ok(site.extract())
        self.assertEqual(site.value("SELECT count(*) FROM raw_page"), 0)
        self.assertEqual(site.value("SELECT count(*) FROM raw_reading"), 0)

    def test_old_runs_are_one(self):
        """Of each kind the last one stays, with what all of them counted."""
        _, site = self.polled()
        for _ in range(3):
            self.ok(site.run(*POLL))
        site.change("UPDATE run SET started_at = '2020-01-0' || run_id || substr(started_at, 11); UPDATE run SET exit_code = 7 WHERE run_id = 2")
        asked = site.value("SELECT sum(requests) FROM run")
        self.ok(site.run(*POLL))
        self.assertEqual([tuple(r) for r in site.query("SELECT run_id, runs FROM run")], [(2, None), (4, 3), (5, None)])
        self.assertEqual(site.value("SELECT sum(requests) FROM run WHERE run_id < 5"), asked)

    def test_a_reader_and_kills_while_old_answers_go(self):
        _, site = self.polled()
        site.change("CREATE TABLE one AS SELECT * FROM raw_page LIMIT 1")
        old = """WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 2000)
            INSERT INTO raw_page SELECT NULL, window_id, run_id, {} FROM one, n;
            UPDATE raw_page SET received_at = '2020-01-01T00:00:00.000Z'""".format(
            self.columns(site, "raw_page", "raw_page_id", "window_id", "run_id"))
        self.ok(site.run(*POLL))
        site.change(old)
        steps = len(site.steps(*POLL))
        site.change(old)
        reader = sqlite3.connect(site.db)
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM raw_page").fetchone()[0]
        self.assertTrue(killed(site.run(*POLL, env={"ROLLCALL_KILL_STEP": steps - 10})))
        left = site.value("SELECT count(*) FROM raw_page WHERE received_at < '2021'")
        self.assertTrue(0 < left < before, left)
        self.ok(site.run(*POLL))
        self.assertEqual(reader.execute("SELECT count(*) FROM raw_page").fetchone()[0], before)
        reader.close()
        self.assertEqual(site.value("SELECT count(*) FROM raw_page WHERE received_at < '2021'"), 0)
        self.assertEqual(site.value("PRAGMA integrity_check"), "ok")


# Besides the ledger and logs of changes: of these replay fills states alone.
OBSERVED = {"adherence_state", "observation_gap"}
# Columns that are not the answers'; whose a day is, of two units, was found when it was read.
OURS = {"row_changed_run_id", "row_asked_at", "row_attribute_read", "deleted_at", "missing_since", "erased_at", "left_unit_at",
        "management_unit_id"}


class Replay(TestCase):
    """What was read equals what is made of the answers that are kept."""

    def contents(self, site, but=()):
        """Every table, whole."""
        tables = sorted(table_names(site) - {"sqlite_stat1", *but})
        db = sqlite3.connect(site.db)
        found = {t: sorted(map(repr, db.execute(f'SELECT * FROM "{t}"'))) for t in tables}
        db.close()
        return found

    def blank(self, site, only=None):
        """Loses all that may be NULL of the maps' columns, as if they had come with this version; the tables' names."""
        lost = []
        tables = table_names(site) - LEDGER - CHANGE_LOGS - OBSERVED - {
            "kpi", "attribute_key", "zone_offset", "fact_owed", "interval_figure", "conversation_figure", "queue_visit", "agent_leg"}
        sql = "BEGIN;"
        db = site.connect()
        for table in sorted(tables if only is None else only):
            columns = db.execute(f'PRAGMA table_info("{table}")').fetchall()
            sets = [f'"{c["name"]}" = NULL' for c in columns if not c["notnull"] and not c["pk"] and c["name"] not in OURS
                    and c["name"] not in (table + "_id", "participant_id" if table == "participant" else "")]
            if sets and db.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]:
                sql += f'UPDATE "{table}" SET {", ".join(sets)};'
                lost.append(table)
        db.close()
        site.change(sql + "COMMIT;")
        return lost

    def check(self, site, *arguments, code=0, lost=None):
        """Loses columns, replays, and has all as it was; what it said."""
        before = self.contents(site)
        lost = self.blank(site, lost)
        blanked = self.contents(site)
        for table in lost:
            self.assertNotEqual(before[table], blanked[table], table)
        result = site.run("replay", *arguments)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.same(before, self.contents(site))
        return result.stdout

    def same(self, before, after):
        for table, rows in before.items():
            if rows != after[table] and table not in ("figure_touched", "figure_kept"):
                gone, come = set(rows) - set(after[table]), set(after[table]) - set(rows)
                self.fail(f"{table}: {len(rows)} rows, {len(after[table])} now; {sorted(gone)[:2]} became {sorted(come)[:2]}")

    # Answers came when the nights were.
    WHEN = "UPDATE raw_page SET received_at = (SELECT planned_until FROM run AS r WHERE r.run_id = raw_page.run_id);"

    def test_every_stream(self):
        """Of nights with late data, kept whole: all columns of all tables."""
        server = self.standin(start="2026-03-01", days=3, per_day=8, agents=5, now="2026-03-03T06:00:00Z", eventful=True)
        site = self.site(server.url, extract={"streams": "all, quality, telephony", "reread_hours": "1"})
        for hour in ("2026-03-03T06:00:00Z", "2026-03-04T06:00:00Z", "2026-03-04T18:00:00Z"):
            server.control(now=hour)
            self.assertIn(site.extract("--until", hour).returncode, (0, 13))
        site.change(self.WHEN)
        told = self.check(site)
        self.assertEqual([line for line in told.splitlines() if line.startswith("left")],
                         ["left as it is: adherence_realtime before 2026-03-03T06:00:00.000Z"])
        # rows that are lost come back, of the runs that read them
        whole = self.contents(site)
        site.change("DELETE FROM queue; DELETE FROM team_member")
        self.ok(site.run("replay"))
        self.same({name: whole[name] for name in ("queue", "team_member", "adherence_state")}, self.contents(site))
        # columns whose changes count for nothing, where they alone are new
        sql, text = "", "".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "schema").glob("0*.sql")))
        for table, body in re.findall(r"(?ms)^CREATE TABLE (\w+) \((.*?)^\)", text):
            moments = re.findall(r"(?m)^    (\w+) .*-- \[[^]]* moment[ \]]", body) if table not in OBSERVED else []
            there = " WHERE deleted_at IS NULL" if "    deleted_at " in body else ""
            sql += "".join(f"UPDATE {table} SET {', '.join(m + ' = NULL' for m in moments)}{there};" for _ in moments[:1])
        self.assertIn("joined_member_count = NULL", sql)
        whole = self.contents(site)
        site.change(sql)
        self.assertGreater(sum(whole[table] != rows for table, rows in self.contents(site).items()), 3)
        self.ok(site.run("replay"))
        self.same(whole, self.contents(site))

    @unittest.skipUnless(clock_at("2026-03-02T06:00:00Z"), "no clock to set")
    def test_states_lack_a_column(self):
        """What came with this version is filled in the states that kept answers saw; what those say of themselves stays."""
        server = self.standin(start="2026-03-01", days=3, agents=12, now="2026-03-02T06:00:00Z")
        server.control(date="now")
        site = self.site(server.url, extract={"streams": "adherence_realtime"})
        for hour in range(6, 20):
            now = f"2026-03-02T{hour:02}:00:00Z"
            server.control(now=now)
            self.ok(site.run("extract", env=clock_at(now)))
            if hour == 8:
                first = site.value("SELECT max(raw_page_id) FROM raw_page")
        lacks = ", ".join(f"{name} = NULL" for name in (
            "management_unit_id", "scheduled_activity_category", "system_presence", "routing_status", "actual_activity_category",
            "adherence_state", "impact"))
        self.assertGreater(site.value("SELECT count(*) FROM adherence_state WHERE state_end IS NOT NULL"), 10)
        whole = self.contents(site)
        site.change(f"UPDATE adherence_state SET {lacks}")
        self.assertNotEqual(whole["adherence_state"], self.contents(site)["adherence_state"])
        result = self.ok(site.run("replay"))
        self.assertRegex(result.stdout, r"(?m)^left as it is: adherence_realtime before 2026-03-02T06:00:0\d\.\d+Z$")
        self.same(whole, self.contents(site))
        # what is older than the answers that are kept stays
        site.change(f"DELETE FROM raw_page WHERE raw_page_id <= {first}; UPDATE adherence_state SET {lacks}")
        self.ok(site.run("replay"))
        missing = site.query("SELECT first_observed, last_observed FROM adherence_state WHERE adherence_state IS NULL")
        self.assertTrue(missing)
        self.assertTrue(all(r["first_observed"] < "2026-03-02T09" for r in missing), missing)

    WORLD = {"start": "2026-03-01", "days": 4, "per_day": 8, "agents": 3, "eventful": True}
    STREAMS = {"streams": "users, conversations, conversation_aggregate", "reread_hours": "1"}

    def nights(self, *hours, **sections):
        server = self.standin(now=hours[0], **self.WORLD)
        site = self.site(server.url, extract=self.STREAMS, **sections)
        for hour in hours:
            server.control(now=hour)
            self.assertIn(site.extract("--until", hour).returncode, (0, 13))
        return server, site

    def test_what_is_kept_in_part(self):
        """Days of which answers are gone are named, and stay; the others are loaded."""
        _, site = self.nights("2026-03-03T06:00:00Z", "2026-03-04T06:00:00Z")
        site.change(self.WHEN + """
            DELETE FROM raw_page WHERE window_id IN (SELECT window_id FROM extract_window
                WHERE stream = 'users' OR window_start < '2026-03-03')""")
        whole = self.contents(site)
        result = self.ok(site.run("replay"))
        self.same(whole, self.contents(site))
        self.assertEqual([line.split(": ")[1] for line in result.stdout.splitlines() if line.startswith("left")],
                         ["users", "conversations 2026-03-01 to 2026-03-02", "conversation_aggregate 2026-03-01 to 2026-03-02"])
        self.blank(site, ["conversation_aggregate"])
        self.ok(site.run("replay", "--stream", "conversation_aggregate", "--from", "2026-03-03"))
        self.assertEqual(site.value("SELECT max(interval_start) < '2026-03-03' FROM conversation_aggregate WHERE row_hash IS NULL"), 1)
        self.assertEqual(site.run("replay", "--stream", "conversation_aggregate", "--from", "2026-03-01", "--to",
                                  "2026-03-02").returncode, 11)

    def test_rows_that_go_from_window_to_window(self):
        """An interval over midnight, a shift that another unit takes: what later readings took away does not come back."""
        server = self.standin(start="2026-03-01", days=6, per_day=10, agents=5, now="2026-03-02T06:00:00Z", eventful=True)
        night, units = 0, []
        shift = {"id": "s", "startDate": "2026-03-03T08:00:00Z", "lengthMinutes": 60, "activities": []}

        def rule(method, path, body):
            """The shift is the first unit's, then the second's, then nobody's."""
            if "agentschedules/search" not in path:
                return None
            if path not in units:
                units.append(path)
            unit = units.index(path)
            time.sleep(0.2 if (night, unit) == (1, 0) else 0)  # the second is read first
            shifts = [shift] if (night, unit) in ((0, 0), (1, 1)) else []
            return 200, json.dumps({"status": "Complete", "result": {"agentSchedules": [{"user": {"id": "u"}, "shifts": shifts}]}}).encode()
        site = self.site(self.rewriting(server.url, rule), extract={"streams": "users, user_status, management_units, schedules"})
        for night, hour in enumerate(("2026-03-02T06:00:00Z", "2026-03-03T12:00:00Z", "2026-03-04T20:00:00Z")):
            server.control(now=hour)
            self.ok(site.extract("--until", hour))
        self.assertEqual(site.value("SELECT count(*) FROM schedule_shift"), 0)
        whole = self.contents(site)
        for asked in (("--from", "2026-03-02"), ("--to", "2026-03-01"), ()):
            self.ok(site.run("replay", *asked))
            self.same(whole, self.contents(site))

    def test_nights_that_kept_nothing_take_nothing_back(self):
        """An entity that changed while nothing was kept does not become what it was before."""
        server, site = self.nights("2026-03-03T06:00:00Z")
        site.set(database={"keep_raw_days": "0"})
        before = site.query("SELECT * FROM raw_page")
        pages = ", ".join("?" * len(before[0]))
        server.control(now="2026-03-04T06:00:00Z")
        self.assertIn(site.extract("--until", "2026-03-04T06:00:00Z").returncode, (0, 13))
        self.assertEqual(site.value("SELECT count(*) FROM raw_page"), 0)
        db = sqlite3.connect(site.db)  # as if the run had been killed before it cleared up
        db.executemany(f"INSERT INTO raw_page VALUES ({pages})", [tuple(r) for r in before])
        db.commit()
        db.close()
        whole = self.contents(site)
        self.ok(site.run("replay"))
        self.same(whole, self.contents(site))

    def test_days_of_another_zone(self):
        """Answers of windows that are no more are of no other window."""
        server, site = self.nights("2026-03-03T06:00:00Z", "2026-03-04T06:00:00Z")
        site.set(extract={"timezone": "Asia/Kolkata"})
        self.assertIn(site.extract("--rezone", "--until", "2026-03-04T06:00:00Z").returncode, (0, 13))
        self.assertEqual(site.value("SELECT count(*) FROM raw_page AS p JOIN extract_window AS w USING (window_id) "
                                    "WHERE p.url_path LIKE '%conversations/aggregates%' AND stream <> 'conversation_aggregate'"), 0)
        site.change(self.WHEN)
        self.check(site)

    def test_a_flipped_bit_costs_one_answer(self):
        _, site = self.nights("2026-03-03T06:00:00Z", "2026-03-04T06:00:00Z")
        bad = site.value("SELECT raw_page_id FROM raw_page JOIN extract_window USING (window_id) WHERE stream = 'conversations' "
                         "ORDER BY rows_read DESC LIMIT 1")
        page = bytearray(site.value("SELECT bytes FROM raw_page WHERE raw_page_id = ?", bad))
        page[len(page) // 2] ^= 16
        whole = self.contents(site, ["raw_page"])
        db = sqlite3.connect(site.db)
        db.execute("UPDATE raw_page SET bytes = ? WHERE raw_page_id = ?", (bytes(page), bad))
        db.commit()
        db.close()
        result = site.run("replay")
        self.assertEqual(result.returncode, 11, result.stdout)
        self.assertIn(f"(raw_page_id): {bad}\n", result.stderr)
        self.same(whole, self.contents(site, ["raw_page"]))
        others = self.blank(site, ["user", "conversation_aggregate"])
        self.assertEqual(len(others), 2)
        self.assertEqual(site.run("replay").returncode, 11)
        self.same(whole, self.contents(site, ["raw_page"]))
        # an erasure empties what it cannot read: then it is known to be gone, and is no trouble any more
        self.ok(site.run("erase", "--address", "tel:+4915100000000", "--yes"))
        result = self.ok(site.run("replay"))
        self.assertRegex(result.stdout, "(?m)^left as it is: conversations ")
        whole.pop("erased")
        self.same(whole, self.contents(site, ["raw_page"]))

    def test_nights_of_trouble(self):
        """Whatever they were, replay changes nothing; and what it says that it loads, it does."""
        first = random.SystemRandom().randrange(10**6)
        for seed in range(first, first + (40 if FULL else 1)):
            print("seed", seed)
            chance = random.Random(seed)
            server = self.standin(now="2026-03-02T06:00:00Z", start="2026-03-01", days=5, per_day=8, agents=4, eventful=True,
                                  users_page_cap=2, page_cap=3, seed=seed % 97 + 1)
            site = self.site(server.url, extract={"streams": "users, queue_members, conversations, user_status, "
                                                  "conversation_aggregate, adherence_historical", "reread_hours": "1"})
            for night in range(4):
                hour = f"2026-03-0{2 + night}T{chance.randrange(24):02}:00:00Z"
                server.control(now=hour)
                site.set(database={"keep_raw_days": chance.choice(("7", "7", "7", "7", "0"))},
                         conversations={"method": chance.choice(("auto", "auto", "query"))})
                kill = {"ROLLCALL_KILL_STEP": chance.randrange(40, 400)} if chance.random() < 0.5 else {}
                site.extract("--until", hour, env=kill)
            whole = self.contents(site)
            result = site.run("replay")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.same(whole, self.contents(site))
            if "left" not in result.stdout:
                self.check(site, lost=["conversation", "participant", "user_presence", "conversation_aggregate", "user"])

    def test_killed_at_random_moments(self):
        _, site = self.nights("2026-03-03T06:00:00Z")
        whole = self.contents(site)
        self.blank(site)
        blanked = self.contents(site)
        seed = random.SystemRandom().randrange(10**6)
        print("seed", seed)
        chance = random.Random(seed)
        for _ in range(20 if FULL else 2):
            process = site.start_process("replay")
            time.sleep(chance.uniform(0, 0.25))
            process.kill()
            process.communicate()
            now = self.contents(site)
            self.assertIn(now["conversation"], (blanked["conversation"], whole["conversation"]))
            self.same(blanked if now["conversation"] == blanked["conversation"] else whole, now)
        self.ok(site.run("replay"))
        self.same(whole, self.contents(site))

    def test_beside_a_run(self):
        _, site = self.nights("2026-03-03T06:00:00Z")
        with open(site.db + ".lock", "r+b") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0)
            result = site.run("replay")
            self.assertEqual(result.returncode, 10, result.stderr)
        self.ok(site.run("replay"))
