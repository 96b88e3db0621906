"""Extraction end to end: the file equals what a right extraction holds, by every method, at every lateness."""
import json

from harness import TestCase, compare_conversations, csv_bytes, expected_rows, fields, plain_rows, same_rows

START = "2026-03-01"
NOW = "2026-03-04T06:00:00Z"
AVAILABLE = "2026-03-04T01:00:00.000Z"
CONVERSATIONS = ("extract", "--stream", "conversations", "--until", NOW)


class Held(TestCase):
    def held(self, *command, method="auto", extract=(), **options):
        """A stand-in and a site that holds what it should after the command (a whole extraction, unless given)."""
        server = self.standin(now=NOW, **options)
        site = self.site(server.url, conversations={"method": method}, extract=dict(extract))
        self.ok(site.run(*(command or ("extract", "--until", NOW))))
        compare_conversations(self, site, server.truth(START, now=NOW, availability=AVAILABLE, method=method))
        return server, site


class Whole(Held):
    def test_auto_equals_truth_and_again_changes_nothing(self):
        server, site = self.held()
        self.assertGreater(site.value("SELECT count(*) FROM conversation"), 150)
        first = csv_bytes(site.export("one"), {"adherence_state"})
        before = server.requests()["total"]
        self.ok(site.extract("--until", NOW))
        self.assertEqual(csv_bytes(site.export("two"), {"adherence_state"}), first)
        self.assertLess(server.requests()["total"] - before, 15, "a repeated run costs little")
        self.assertEqual(site.value("SELECT rows_new + rows_changed FROM run ORDER BY run_id DESC LIMIT 1"), 0)

    def test_every_column_of_conversations_has_values(self):
        """The stand-in shows each field there is, and none that is not known."""
        _, site = self.held(*CONVERSATIONS)
        columns = [(table, r["name"]) for table in expected_rows([]) for r in site.query(f"PRAGMA table_info({table})")]
        self.assertGreater(len(columns), 250)
        self.assertEqual([c for c in columns if not site.value("SELECT count({1}) FROM {0}".format(*c))],
                         [("conversation", "missing_since"), ("participant", "erased_at")])
        self.assertEqual(site.value("SELECT count(*) FROM unknown_field"), 0)

    def test_what_was_open_for_the_job_is_as_of_now(self):
        """What began that day before the availability date is in no answer of the query."""
        available = "2026-03-04T10:00:00.000Z"
        now = "2026-03-05T06:00:00.000Z"
        server = self.standin(days=5, per_day=80, eventful=True, seed=3, now=now, availability=available)
        site = self.site(server.url)
        self.ok(site.run("extract", "--stream", "conversations", "--until", now))
        compare_conversations(self, site, server.truth(START, now=now, availability=available))

    def test_query_and_job_methods(self):
        for method in ("query", "job"):
            self.held(*CONVERSATIONS, method=method)

    def test_in_flight_does_not_matter(self):
        exports = [csv_bytes(self.held(*CONVERSATIONS, extract={"in_flight": n})[1].export()) for n in (1, 16)]
        self.assertEqual(exports[0], exports[1])

    def test_users_and_queues(self):
        server = self.standin(now=NOW, agents=230)
        site = self.site(server.url)
        self.ok(site.extract("--stream", "users", "--stream", "queues"))
        self.assertEqual(site.value('SELECT count(*) FROM "user"'), 230)
        self.assertGreater(site.value("SELECT count(*) FROM \"user\" WHERE state = 'deleted'"), 0)
        self.assertGreater(site.value('SELECT count(*) FROM "queue"'), 0)
        server.control(reset_requests=True)
        self.ok(site.extract("--stream", "users"))
        self.assertNotIn("GET /api/v2/users", server.requests()["routes"], "younger than six hours: not read again")

    def test_contract_violating_nothing_lost_to_page_caps(self):
        _, site = self.held(page_cap=7, users_page_cap=9)
        self.assertEqual(site.value('SELECT count(*) FROM "user"'), 20)

    def test_hits_are_not_trusted(self):
        for bias in (-40, 500):
            self.held(*CONVERSATIONS, method="query", hits_bias=bias, per_day=120)

    def test_pages_of_statuses_are_short_and_repeat_what_came_before(self):
        now, since = "2026-03-28T04:00:00Z", "2026-03-26T23:00:00.000Z"
        for bias in (-120, 120):
            server = self.standin(start="2026-03-26", now=now, availability="2026-03-26T12:00:00Z", agents=130, hits_bias=bias)
            site = self.site(server.url, start="2026-03-27", timezone="Europe/Berlin", extract={"streams": "user_status"})
            self.ok(site.extract("--until", now))
            users = list(map(json.loads, server.get(f"/standin/truth/statuses?now={now}&start={since}").splitlines()))
            for table, key in (("user_presence", "primaryPresence"), ("user_routing_status", "routingStatus")):
                told = [{"user_id": u["userId"], **fields(r)} for u in users for r in u.get(key, ())]
                stored = [{k: v for k, v in r.items() if v is not None} for r in plain_rows(site, table)]
                same_rows(self, {table: told}, {table: stored})
            self.assertGreater(server.requests()["routes"]["POST /api/v2/analytics/users/details/query"], 4)


class Late(TestCase):
    def night(self, server, site, now, streams=("--stream", "conversations")):
        server.control(now=now)
        self.ok(site.extract(*streams, "--until", now))
    def test_missed_week_still_settles_after_a_last_reading(self):
        server = self.standin(now=NOW, days=3)
        site = self.site(server.url)
        self.ok(site.run(*CONVERSATIONS))
        self.assertEqual(site.value("SELECT count(*) FROM extract_window WHERE state = 'settled'"), 0)
        later = "2026-03-20T06:00:00Z"
        self.night(server, site, later)
        compare_conversations(self, site, server.truth(START, now=later, availability="2026-03-20T01:00:00.000Z"))
        self.assertEqual(self.first_day(site)[0], "provisional")
        # One reading made up for the look at 15 days; nothing is owed until the one at 31 days.
        before = self.first_day(site)
        self.night(server, site, "2026-03-21T06:00:00Z")
        self.assertEqual(self.first_day(site), before)
        self.night(server, site, "2026-04-02T06:00:00Z")
        self.assertEqual(self.first_day(site), ("settled", "2026-04-02T06:00:00.000Z"))

    def test_what_was_settled_before_there_were_looks_owes_none(self):
        server = self.standin(now="2026-03-08T06:00:00Z", days=3)
        site = self.site(server.url, extract={"lookback_days": "4", "later_looks": ""})
        self.night(server, site, "2026-03-08T06:00:00Z")
        settled = self.first_day(site)
        self.assertEqual(settled[0], "settled")
        # As a file of schema 10 that is brought over.
        site.change("UPDATE extract_window SET looks = 0 WHERE state = 'settled'")
        site.set(extract={"later_looks": None})
        self.night(server, site, "2026-03-25T06:00:00Z")
        self.assertEqual(self.first_day(site), settled)
        site.set(extract={"lookback_days": "31"})
        self.night(server, site, "2026-03-26T06:00:00Z")
        self.assertEqual(self.first_day(site)[0], "provisional")
        self.night(server, site, "2026-04-03T06:00:00Z")
        self.assertEqual(self.first_day(site)[0], "settled")

    def first_day(self, site):
        """Its state, and when it was last read."""
        return tuple(site.query("SELECT state, max(read_at) FROM extract_window JOIN window_pass USING (window_id) "
                                "WHERE window_start LIKE '2026-03-01%'")[0])


class Open(TestCase):
    """Conversations without an end are asked for by their ids, in turn."""

    BY_ID = "path=/api/v2/analytics/conversations/details$,method=GET"

    def night(self, day, code=0):
        now = f"2026-03-{day:02}T06:00:00Z"
        self.server.control(now=now)
        return self.ok(self.site_.extract("--stream", "conversations", "--until", now), code)

    def asked(self, day):
        """Which of the open ones that day's run has asked for."""
        return {r[0] for r in self.site_.query("SELECT conversation_id FROM conversation WHERE row_asked_at LIKE ?",
                                               f"2026-03-{day:02}%")}

    def test_all_get_their_turn_and_what_is_gone_is_marked(self):
        self.server = self.standin(now="2026-03-04T06:00:00Z", days=3, per_day=150, eventful=True)
        self.site_ = self.site(self.server.url, start="2026-03-01", conversations={"open_reread_max": "2"},
                               extract={"lookback_days": "0", "later_looks": ""})
        self.night(4)
        open_ones = "SELECT conversation_id FROM conversation WHERE conversation_end IS NULL AND conversation_start < '2026-03-04'"
        self.night(10)
        left = {r[0] for r in self.site_.query(open_ones)}
        self.assertGreater(len(left), 2)
        for day in range(11, 18):
            self.night(day)
            self.assertEqual(len(self.asked(day)), 2)
        seen = set.union(*(self.asked(day) for day in range(11, 18)))
        still = sorted(r[0] for r in self.site_.query(open_ones))
        self.assertLessEqual(set(still), seen)

        # One is gone: those beside it are read all the same.
        gone = still[0]
        self.server.control(faults=[f"4xx:status=404,has={gone},{self.BY_ID}"])
        self.site_.set(conversations={"open_reread_max": "2000"})
        self.night(18)
        self.assertLessEqual(set(still), self.asked(18))
        marked = self.site_.query("SELECT conversation_id FROM conversation WHERE missing_since IS NOT NULL")
        self.assertEqual([r[0] for r in marked], [gone])

        # It is asked for once a week; when it is known again, the mark goes.
        self.server.control(faults=[])
        self.night(19)
        self.assertLessEqual(set(still[1:]), self.asked(19))
        self.assertNotIn(gone, self.asked(19))
        self.night(25)
        self.assertIn(gone, self.asked(25))
        count = "SELECT count(*) FROM conversation WHERE missing_since IS NOT NULL"
        self.assertEqual(self.site_.value(count), 0)
        # An answer that holds nothing costs those beside it nothing.
        self.site_.env["ROLLCALL_LIMIT_RETRY_BASE_MS"] = "1"
        self.server.control(faults=[f"no-answer:has={gone},{self.BY_ID}"])
        self.night(26)
        self.assertLessEqual(set(still), self.asked(26))
        self.server.control(faults=[])
        # An answer that only leaves it out says the same.
        self.site_.set(genesys={"api_url": self.rewriting(self.server.url, edit=lambda path, answer: (
            answer if "details?" not in path else answer.replace(gone.encode(), still[1].encode())))})
        self.night(27)
        self.assertEqual(self.site_.value(count), 1)


class Turns(TestCase):
    """The order of a night, and who asks next."""

    def test_lists_first_and_side_by_side(self):
        server = self.standin(now=NOW, days=2, agents=60, users_page_cap=5, queues=30, page_cap=5)
        asked = []
        url = self.rewriting(server.url, lambda _, path, __: asked.append(path))
        site = self.site(url, extract={"in_flight": "1", "streams": "users, queues, conversations"})
        self.ok(site.extract("--until", NOW))
        lists = [i for i, path in enumerate(asked) if "/users" in path or "/queues" in path]
        facts = [i for i, path in enumerate(asked) if "/analytics/" in path]
        self.assertLess(max(lists), min(facts))
        # The longer list does not keep the other one waiting until it is read.
        queues = [i for i in lists if "/queues" in asked[i]]
        self.assertLess(max(queues), max(lists) - 3)
        self.assertLessEqual(max(queues), lists[0] + 2 * len(queues) + 1)

    def test_a_slow_job_holds_up_no_other_stream(self):
        jobs = "/api/v2/analytics/conversations/details/jobs/"
        server = self.standin(now=NOW, days=2, agents=6, faults=[f"job-slow:path={jobs}"])
        asked = []
        site = self.site(self.rewriting(server.url, lambda _, path, __: asked.append(path)),
                         extract={"in_flight": "1", "streams": "conversations, user_status"}, conversations={"method": "job"})
        result = site.extract("--until", NOW, env={"ROLLCALL_LIMIT_JOB_WAIT_MS": "2000", "ROLLCALL_LIMIT_JOB_POLL_MS": "300"})
        self.ok(result, 11)
        polls = [i for i, path in enumerate(asked) if path.startswith(jobs) and not path.endswith("availability")]
        others = [i for i, path in enumerate(asked) if "/users/details/" in path]
        self.assertLess(max(others), max(polls))
        self.assertEqual(site.value("SELECT count(*) FROM extract_window WHERE stream = 'user_status' AND complete_to IS NULL"), 0)


class BusinessDays(TestCase):
    def test_six_in_seoul_with_data_five_hours_behind(self):
        # 06:00 in Seoul is 21:00 UTC of the day before; yesterday's business day ended at 15:00 UTC.
        now = "2026-03-03T21:00:00Z"
        server = self.standin(now=now, availability_lag=5 * 3600)
        site = self.site(server.url, timezone="Asia/Seoul")
        self.ok(site.extract("--until", now))
        whole = {r["day"]: r["whole"] for r in site.query(
            "SELECT day, whole FROM freshness WHERE stream = 'conversations'")}
        self.assertEqual(whole["2026-03-03"], 1, "yesterday's business day is whole")
        self.assertEqual(whole["2026-03-04"], 0, "today's is open")
        self.assertEqual(whole["2026-03-01"], 1)
        self.assertEqual(min(whole), "2026-03-01")


class Faults(Held):
    """Trouble that the retries deal with leaves no trace in the data."""

    def test_no_trace(self):
        for fault, page_cap in (
                ("burst:after=6,count=8,status=502", 1000), ("job-expire:after=1", 10), ("job-fail:n=1", 1000),
                ("job-state-expired:n=2", 1000), ("short-pages", 20), ("empty-page", 20)):
            with self.subTest(fault):
                self.held(faults=[fault], page_cap=page_cap)

    def test_retries_are_counted(self):
        limits = [f"429:every=9,retry_after={after},times=3"
                  for after in ("1", "past-date", "absent", "negative", "garbage")]
        for fault, page_cap in [(limit, 1000) for limit in limits] + [("5xx:every=5,status=503", 10)]:
            with self.subTest(fault):
                _, site = self.held(faults=[fault], page_cap=page_cap)
                self.assertGreater(site.value("SELECT retries FROM run"), 0)

    def test_token_dies(self):
        server, _ = self.held(faults=["token-death:after=5"], page_cap=10)
        self.assertGreater(server.requests()["routes"].get("POST /oauth/token", 0), 2)

    def test_conversations_key_absent(self):
        """An answer without rows has no `conversations` at all: nothing to load, no error."""
        server = self.standin(now=NOW, faults=["no-conversations-key"])
        site = self.site(server.url)
        self.ok(site.extract("--until", NOW))
        self.assertEqual(site.value("SELECT count(*) FROM conversation"), 0)
        self.assertEqual(site.value("SELECT count(*) FROM extract_window WHERE window_start IS NOT NULL AND state <> 'open'"), 3)

    def test_parallel(self):
        server, _ = self.held(faults=["latency:ms=30"], extract={"in_flight": 16}, page_cap=5)
        self.assertGreater(server.requests()["max_concurrent"], 2)
