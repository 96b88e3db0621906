"""One trouble at a time. After a night of it, the first night that the vendor is well brings every row; meanwhile no
other day waits, and the exit code says that something is missing. (test_nights.py mixes them at random.)"""
import json
import os
import re
import threading

from harness import TestCase, changed_after_lookback, clock_at, compare_conversations, wait_until

START = "2026-03-01"
DETAILS = "path=/api/v2/analytics/conversations/details"
JOBS, QUERY, RESULTS = DETAILS + "/jobs", DETAILS + "/query", DETAILS + "/jobs/*/results"
JOB = DETAILS + "/jobs/????????-*-????????????$"
DAYS = tuple(f"2026-03-0{n}T00:00:00.000Z/" for n in range(1, 10))  # as an interval begins


def at(day, hour=6):
    """A night: day 5 is 2026-03-05."""
    return f"2026-03-{day:02}T{hour:02}:00:00Z"


class Trouble(TestCase):
    def world(self, method="auto", days=8, per_day=24, **options):
        self.method = method
        self.server = self.standin(start=START, days=days, per_day=per_day, agents=8, now=at(4), eventful=True, **options)
        self.server.control(date="now")
        self.vendor = self.site(self.server.url, conversations={"method": method})
        self.vendor.env.update(ROLLCALL_LIMIT_RETRY_TOTAL_MS="60", ROLLCALL_LIMIT_RETRY_BASE_MS="1",
                               ROLLCALL_LIMIT_JOB_WAIT_MS="1000")
        return self.vendor

    def use(self, method):
        self.method = method
        self.vendor.set(conversations={"method": method})

    def night(self, now, code, *faults, stream="conversations", until=None, env=None):
        """A night whose exit code is `code`, or one of them; returns what the program said."""
        self.server.control(now=now, faults=faults, reset_requests=True)
        result = self.vendor.extract("--stream", stream, "--until", until or now, env=env)
        self.assertIn(result.returncode, code if isinstance(code, tuple) else (code,), f"{now}: {result.stderr}")
        return result.stderr

    def asked(self, method, path):
        """Requests of the last night."""
        return [shown for m, shown, _ in self.server.requests()["requests"] if m == method and path in shown]

    def stored(self, day):
        return self.vendor.value("SELECT count(*) FROM conversation WHERE substr(conversation_start, 1, 10) = ?", day[:10])

    def assert_whole(self, now):
        compare_conversations(self, self.vendor, self.server.truth(START, now=now, method=self.method))

    def test_after_a_night_of_it_all_is_there(self):
        """Jobs that fail, all or those of a day; 200 with an error's body, an empty object or a total alone, which is no empty day."""
        lost = ("job-fail", "job-state-expired", "4xx:status=404," + RESULTS)
        asked = (JOBS + ",method=POST", JOB, RESULTS, JOBS + "/availability", QUERY, DETAILS + ",method=GET,has=id=")
        cases = [(fault, method, code) for fault in lost for method, code in (("job", 7), ("auto", 11))]
        cases += [(f"{fault}{',' if ':' in fault else ':'}has={DAYS[1]}", "job", 11) for fault in lost]
        cases += [(fault + where, "auto", (7, 11)) for where in asked for fault in ("no-answer:", "error-in-200:")]
        for fault, method, code in [*cases, ("no-conversations-key:" + QUERY, "query", (7, 11))]:
            with self.subTest(fault=fault, method=method):
                self.world(method)
                self.night(at(4), code, fault)
                self.night(at(5), 0)
                self.assert_whole(at(5))

    # --- jobs -----------------------------------------------------------------------------------------------------

    def test_a_page_that_cannot_be_read_for_four_nights(self):
        for fault in ("missing-id:has=" + DAYS[1] + ",", "4xx:has=cursor=,"):
            with self.subTest(fault=fault):
                self.world(page_cap=9)
                for day in range(4, 8):
                    self.night(at(day), 11, fault + RESULTS)
                    self.assertGreater(self.stored(DAYS[day - 2]), 0)
                self.night(at(8), 0)
                self.assert_whole(at(8))

    def test_a_job_that_is_lost_is_asked_once_more_and_submitted_anew(self):
        self.world()
        self.night(at(4), 11, "job-pending:has=" + DAYS[1])
        read = {path.split("/")[-2] for path in self.asked("GET", "/results")}
        lost = {path.split("/")[-1] for path in self.asked("GET", "/jobs/") if path.split("/")[-2] == "jobs"} - read - {"availability"}
        self.assertEqual(len(lost), 1)
        self.night(at(5), 0)
        lost = lost.pop()
        self.assertEqual(len(self.asked("GET", lost)), 1)
        self.assertEqual(len(self.asked("DELETE", lost)), 1)
        self.assert_whole(at(5))

    def test_a_job_that_is_lost_while_the_run_is_killed(self):
        self.world(days=2, per_day=8)
        self.server.control(faults=["job-pending"])
        process = self.vendor.start_process("extract", "--stream", "conversations", "--until", at(4))
        wait_until(lambda: os.path.exists(self.vendor.db) and
                   self.vendor.value("SELECT count(*) FROM window_pass WHERE token IS NOT NULL"))
        process.kill()
        process.communicate()
        self.night(at(4), 0)
        self.assert_whole(at(4))

    def test_a_job_that_is_slower_than_the_wait_is_used_the_next_night(self):
        self.world("job")
        self.night(at(4), 7, "job-slow")
        slow = {path.split("/")[-1] for path in self.asked("GET", "/jobs/")} - {"availability"}
        self.night(at(5), 0)
        self.assertLessEqual(slow, {path.split("/")[-2] for path in self.asked("GET", "/results")})
        self.assert_whole(at(5))

    def test_a_job_that_failed_is_deleted_too(self):
        self.world()
        self.night(at(4), 0, "job-fail:n=1")
        self.assertEqual(len(self.asked("DELETE", "/jobs/")), len(self.asked("POST", "/jobs")))

    def test_old_results_that_fail_for_ever_keep_no_new_day_waiting(self):
        self.world()
        broken = ["5xx:" + RESULTS + ",has=" + day for day in DAYS[:3]]
        for day in range(5, 8):
            self.night(at(day), 11, *broken)
            self.assertGreater(len(self.asked("POST", "/jobs")), 0)
            self.assertGreater(self.stored(DAYS[day - 2]), 20)
        self.night(at(8), 0)
        self.assert_whole(at(8))

    def test_a_leftover_job_that_cannot_be_deleted(self):
        self.world("job")
        self.night(at(4), 11, "5xx:" + RESULTS + ",has=" + DAYS[1])
        self.use("query")
        self.night(at(5), 0, "5xx:method=DELETE")
        self.use("job")
        self.night(at(6), 0, "5xx:method=DELETE")
        self.assert_whole(at(6))

    def test_cursors_that_go_round(self):
        self.world("job", page_cap=5)
        for of in (1, 2):
            self.night(at(4), (7, 8, 11), f"page-cycle:of={of},{RESULTS}", env={"ROLLCALL_LIMIT_PAGES_PER_WINDOW": 2000})
            self.assertLess(len(self.asked("GET", "/results")), 500)
        self.night(at(5), 0)
        self.assert_whole(at(5))

    def test_a_page_too_large_is_asked_with_half_the_size(self):
        self.world("job", per_day=420, days=1)
        whole = len(self.server.get(f"/standin/truth?start={START}&method=job&now=" + at(2)))
        self.vendor.env["ROLLCALL_LIMIT_INFLATED_BYTES"] = str(whole * 9 // 10)
        self.night(at(2, 5), 0)
        self.assertTrue(any("pageSize=500" not in path for path in self.asked("GET", "/results")))
        self.assert_whole(at(2, 5))

    # --- the query, and changing the method -----------------------------------------------------------------------

    def test_killed_in_the_query_of_the_day_under_way(self):
        """Two of its three pages are in the file; the day's job is asked all the same."""
        for method in ("job", "auto"):
            with self.subTest(method=method):
                site = self.world(per_day=260, days=4)
                site.set(extract={"in_flight": "1"})
                self.server.control(now=at(4, 20), availability=at(4, 0), faults=["latency:ms=5000,after=2," + QUERY])
                process = site.start_process("extract", "--stream", "conversations", "--until", at(4, 20))
                wait_until(lambda: self.stored(DAYS[3]) == 200)
                process.kill()
                process.communicate()
                self.server.control(availability=None)
                self.use(method)
                self.night(at(5, 20), 0)
                self.assert_whole(at(5, 20))

    def test_one_day_always_504_the_others_are_read(self):
        self.world("query")
        self.assertIn("504", self.night(at(5), 11, "5xx:status=504,has=" + DAYS[0]))
        self.assertEqual([self.stored(day) > 0 for day in DAYS[:4]], [False, True, True, True])

    def test_a_day_too_large_for_the_query_comes_by_job(self):
        self.world("query", per_day=130, days=4)
        self.vendor.env["ROLLCALL_LIMIT_QUERY_ROWS"] = "100"
        self.night(at(6), (8, 11))
        self.assertIn("set conversations.method = auto", self.vendor.value("SELECT group_concat(last_error) FROM extract_window"))
        self.use("job")
        self.night(at(7), 0)
        self.assert_whole(at(7))

    def test_a_day_too_large_for_the_query_whose_job_failed_has_another(self):
        self.world(per_day=130, days=4)
        self.vendor.env["ROLLCALL_LIMIT_QUERY_ROWS"] = "100"
        self.night(at(4, 3), 11, f"4xx:status=400,{JOBS}$,method=POST,has={DAYS[2]},times=1")
        self.assertEqual(len(self.asked("POST", "/details/jobs")), 4)
        self.assertGreater(self.stored(DAYS[2]), 100)

    def test_a_query_page_refused_for_ever_leaves_the_day_to_its_job(self):
        self.world()
        for day in range(4, 7):
            self.night(at(day, 14), 11, "missing-id:" + QUERY)
            self.assertEqual(self.vendor.value("SELECT count(*) FROM freshness WHERE stream = 'conversations' AND NOT whole "
                                               "AND day < ?", at(day)[:10]), 0)
        self.night(at(7, 14), 0)
        self.assert_whole(at(7, 14))

    def test_a_time_or_a_clock_ahead_loses_no_day(self):
        for method in ("query", "auto"):
            for how in ({"until": at(20)}, {"until": at(20), "env": clock_at(at(20))}):
                with self.subTest(method=method, how=how):
                    self.world(method)
                    self.night(at(3), 0, **how)
                    self.assertEqual(self.vendor.value("SELECT count(*) FROM freshness WHERE whole AND day >= ?", at(3)[:10]), 0)
                    for day in range(4, 9):
                        self.night(at(day), 0)
                    self.assert_whole(at(8))

    def test_what_comes_late_by_query(self):
        """Conversations of several days, and those of weeks, get their end and what comes after it."""
        self.world("query", days=3, per_day=60)
        seen = {}
        for day in [*range(3, 20), *range(21, 31, 3)]:
            self.night(at(day), 0)
            for line in self.server.truth(START, now=at(day), method="query"):
                document = line["conversation"]
                seen.setdefault(document["conversationId"], []).append((at(day), document))
        excused = {id for id, states in seen.items() if changed_after_lookback(states, 4)}
        self.assertLess(len(excused), len(seen) / 4)
        self.assertGreater(sum(states[-1][1].get("conversationEnd", "")[:10] > "2026-03-07" for id, states in seen.items()
                               if id not in excused), 3)
        compare_conversations(self, self.vendor, self.server.truth(START, now=at(30), method="query"), excused)

    def test_an_end_after_more_than_a_month_by_query(self):
        self.world("query", days=1, per_day=400)
        days = [f"2026-{month:02}-{day:02}T06:00:00Z" for month in (3, 4, 5) for day in (3, 12, 22)]
        for now in [*days, "2026-05-30T06:00:00Z"]:
            self.night(now, 0)
        ends = {line["conversation"]["conversationId"] for line in self.server.truth(START, now="2026-05-22T06:00:00Z", method="query")
                if line["conversation"].get("conversationEnd", "") > "2026-04-05"}
        self.assertGreater(len(ends), 1)
        have = {r[0] for r in self.vendor.query("SELECT conversation_id FROM conversation WHERE conversation_end > '2026-04-05'")}
        self.assertLessEqual(ends, have)

    def test_a_row_that_comes_or_goes_between_pages(self):
        for moved in ("n=1", "n=2"):
            with self.subTest(moved=moved):
                self.world("query", per_day=150, days=2)
                self.night(at(4), 0, f"row-hidden:has={DAYS[0]},{moved}")
                self.assert_whole(at(4))

    def test_results_that_reach_less_far_than_was_said(self):
        """The hours that are missing are asked of the query in the same run."""
        site = self.world()
        said = json.dumps({"dataAvailabilityDate": at(5, 1)}).encode()
        site.set(genesys={"api_url": self.rewriting(
            self.server.url, edit=lambda path, answer: said if path.endswith("/availability") else answer)})
        self.server.control(availability=at(4, 12))
        self.night(at(5), 0)
        self.assert_whole(at(5))

    # --- ids ------------------------------------------------------------------------------------------------------

    def test_an_id_that_is_refused_costs_nothing_else(self):
        self.world(days=3, per_day=80)
        self.night(at(4), 0)
        ids = [r[0] for r in self.vendor.query(
            "SELECT conversation_id FROM conversation WHERE conversation_end IS NULL ORDER BY conversation_id")]
        self.assertGreater(len(ids), 5)
        bad = ids[2]
        for day in (9, 10):
            self.night(at(day), 0, "4xx:method=GET,has=" + bad)
        truth = [line for line in self.server.truth(START, now=at(10)) if line["conversation"]["conversationId"] != bad]
        compare_conversations(self, self.vendor, truth, {bad})
        self.assertEqual(self.vendor.value("SELECT count(*) FROM data_problem WHERE example LIKE ?", f"%{bad}%"), 1)

    # --- what was not asked for but is needed ----------------------------------------------------------------------

    def poll(self, code, *faults, **options):
        """A poll of adherence for which the list of agents is too old; how many agents it has observed."""
        if os.path.exists(self.vendor.db):
            self.vendor.change("UPDATE window_pass SET read_at = '2026-01-01T00:00:00.000Z'")
        before = self.vendor.value("SELECT count(*) FROM adherence_state") if os.path.exists(self.vendor.db) else 0
        self.server.control(faults=faults)
        self.ok(self.vendor.extract("--stream", "adherence_realtime", **options), code)
        return self.vendor.value("SELECT count(*) FROM adherence_state") - before

    def test_a_list_that_others_need_fails(self):
        self.world()
        self.poll(0)
        self.poll(11, "5xx:path=/api/v2/users")
        cut = self.rewriting(self.server.url, lambda _, path, __: path.startswith("/api/v2/users") and 1 / 0)
        self.vendor.set(genesys={"login_url": cut, "api_url": cut})
        self.poll(7)

    def test_one_bad_answer_does_not_change_the_source(self):
        self.world()
        self.poll(8, "not-json:path=/api/v2/workforcemanagement/adherence,times=1")
        self.assertEqual(self.vendor.value("SELECT count(*) FROM stream_source"), 0)
        self.poll(0)
        self.assertEqual(self.vendor.value("SELECT plan FROM stream_source"), "workforcemanagement")

    def test_a_signal_before_a_stream_begins(self):
        self.world()
        self.server.control(faults=["latency:ms=60000,path=/api/v2/users"])
        process = self.vendor.start_process("extract", "--stream", "adherence_realtime")
        wait_until(lambda: os.path.exists(self.vendor.db) and self.vendor.value("SELECT count(*) FROM organization"))
        process.terminate()
        words = process.communicate()[1]
        self.assertEqual(process.returncode, 12, words)

    def test_a_source_that_is_not_there(self):
        """Its refusal of every id is none of the ids'."""
        self.world()
        self.assertGreater(self.poll(0, "4xx:status=404,path=/api/v2/workforcemanagement/adherence"), 0)

    def test_by_id_nothing_is_answered(self):
        self.world(days=3, per_day=20)
        self.night(at(4), 0)
        self.night(at(9), 11, "4xx:method=GET,has=id=," + DETAILS)
        self.night(at(10), 0)

    # --- answers that are none ------------------------------------------------------------------------------------

    def test_an_organization_list_that_is_none(self):
        for fault in ("no-answer", "error-in-200"):
            self.world()
            self.night(at(4), (7, 11), fault + ":path=/api/v2/users", stream="users")
            self.night(at(5), 0, stream="users")
            self.assertEqual(self.vendor.value("SELECT count(*) FROM user"), 8)

    def test_an_empty_day_is_none_of_these(self):
        self.world(per_day=0)
        self.night(at(4), 0)
        self.assertEqual(self.vendor.value("SELECT count(*) FROM conversation"), 0)

    def test_a_list_that_answers_its_first_page_each_time(self):
        self.world(users_page_cap=3)
        self.night(at(4), (7, 11), "page-cycle:path=/api/v2/users", stream="users")
        self.assertLess(len(self.asked("GET", "/users")), 60)
        self.server.control(faults=["page-cycle:path=/api/v2/users"])
        self.assertEqual(self.vendor.extract("--stream", "users", "--stream", "conversations", "--until", at(4)).returncode, 11)
        self.assert_whole(at(4))
        self.night(at(5), 0, stream="users")
        self.assertEqual(self.vendor.value("SELECT count(*) FROM user"), 8)


class Interrupted(TestCase):
    """What a run makes of a reading that another run left under way."""

    def test_interrupted_job_keeps_its_own_target(self):
        """Its page refused on the next day, the old job's answer is not taken for the new day's."""
        first, second = "2026-03-02T12:00:00Z", "2026-03-03T12:00:00Z"
        server = self.standin(start="2026-03-02", now=first, availability="2026-03-02T06:00:00Z", days=3, per_day=400,
                              page_cap=20, gzip="off")
        date = re.compile(rb',?"dataAvailabilityDate":"[^"]*"')
        asked = []
        killed = threading.Event()

        def wait_from_the_fourth_page_on(_, path, __):
            if "/results" in path and not killed.is_set():
                asked.append(path)
                if len(asked) > 3:
                    killed.wait(60)
                    return 503, b"{}"
            return None

        url = self.rewriting(server.url, wait_from_the_fourth_page_on,
                             edit=lambda path, answer: date.sub(b"", answer) if "/results" in path else answer)
        site = self.site(url, start="2026-03-02")
        run = ("extract", "--stream", "conversations", "--until")
        process = site.start_process(*run, first)
        wait_until(lambda: os.path.exists(site.db) and site.value(
            "SELECT count(*) FROM window_pass WHERE pass = 'job' AND token IS NOT NULL AND pages_read >= 2"))
        process.kill()
        process.communicate()
        killed.set()
        server.control(now=second, availability="2026-03-03T06:00:00Z",
                       faults=["missing-id:" + RESULTS + ",times=1"])
        self.ok(site.run(*run, second), 11)
        self.ok(site.run(*run, second))
        compare_conversations(self, site, server.truth("2026-03-02", now=second, availability="2026-03-03T06:00:00Z"))
