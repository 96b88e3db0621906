"""Published schedules and adherence explanations, whose answers come in several ways: whatever is corrected, moves or comes late,
what is stored equals one extraction of the state there is by the next nights. That the rows of one are those of the answers is held
by tests/sdk.
"""

from harness import Api, TestCase, later, plain_rows, same_rows

ZONE = "Australia/Sydney"  # midnight lies within shifts
START = "2026-04-02"
NOW = "2026-04-07T06:00:00Z"  # summer time ended on the 5th
WFM = "/api/v2/workforcemanagement/"
SEARCH = WFM + "managementunits/*/agentschedules/search"
QUERY = WFM + "businessunits/*/adherence/explanations/query"
STREAMS = ("schedules", "adherence_explanation")
TABLES = ("schedule_shift", "schedule_activity", "schedule_time_off", "adherence_explanation")


class Schedules(TestCase):
    def begin(self, now=NOW, **options):
        server = self.standin(now=now, start=START, days=3, per_day=5, agents=12, job_polls=1, **options)
        return server, self.new_site(server)

    def new_site(self, server):
        return self.site(server.url, start=START, timezone=ZONE, extract={"streams": ", ".join(STREAMS), "lookback_days": 20})

    def extract(self, site, now=NOW, code=0, **options):
        return self.ok(site.extract("--until", now, **options), code)

    def ahead(self, site):
        return site.value("SELECT max(window_end) FROM extract_window WHERE stream = 'schedules'")

    def compare(self, server, site, now=NOW):
        fresh = self.new_site(server)
        self.extract(fresh, now)
        same_rows(self, *({table: plain_rows(one, table) for table in TABLES} for one in (fresh, site)))

    def test_is_read_daily_whichever_way_it_comes(self):
        server, site = self.begin()
        self.extract(site)
        for table in ("unknown_field", "data_problem"):
            self.assertEqual([tuple(r) for r in site.query(f"SELECT * FROM {table}")], [])
        for table in TABLES:
            for column in site.query("SELECT name FROM pragma_table_info(?)", table):
                self.assertTrue(site.query(f"SELECT 1 FROM {table} WHERE {column[0]} <> '' LIMIT 1"), (table, column[0]))
        self.assertGreaterEqual(self.ahead(site), later(NOW, days=14))
        # every way an answer comes, a unit without anybody, shifts that pass a window's end
        routes = server.requests()["routes"]
        self.assertGreater(routes["GET /wfm-downloads/{id}"], 0)
        self.assertGreater(routes["GET " + WFM + "adherence/explanations/jobs/{id}"], 0)
        windows = site.value("SELECT count(*) FROM extract_window WHERE stream = 'schedules'")
        self.assertGreater(routes["POST " + SEARCH.replace("*", "{id}")], windows)
        self.assertGreater(site.value("SELECT count(*) FROM extract_window AS w WHERE stream = 'schedules' AND NOT EXISTS "
                                      "(SELECT 1 FROM schedule_shift WHERE management_unit_id = scope)"), 0)
        self.assertGreater(site.value("SELECT count(*) FROM schedule_shift JOIN extract_window ON stream = 'schedules' AND "
                                      "start_date < window_end AND julianday(start_date) + length_minutes / 1440.0 > "
                                      "julianday(window_end)"), 0)
        # the same again: nothing is asked; the next night: all of the lookback and of what is to come
        server.control(reset_requests=True)
        self.extract(site)
        self.assertFalse([r for r in server.requests()["routes"] if "search" in r])
        night = later(NOW, days=1)
        server.control(now=night)
        self.extract(site, night)
        self.compare(server, site, night)
        self.assertGreater(site.value("SELECT rows_changed FROM run ORDER BY run_id DESC LIMIT 1"), 0)

    def test_what_is_never_done_leaves_its_window_open(self):
        server, site = self.begin()
        unit = Api(server.url).ask(WFM + "managementunits")["entities"][0]["id"]
        site.env["ROLLCALL_LIMIT_ASKS"] = "4"
        server.control(faults=[f"job-slow:path={SEARCH.replace('*', unit)}"])
        result = self.extract(site, code=11)
        self.assertIn("still under way (limit ASKS)", result.stderr)
        self.assertEqual(site.value("SELECT count(*) FROM schedule_shift WHERE management_unit_id = ?", unit), 0)
        self.assertEqual([tuple(r) for r in site.query("SELECT DISTINCT scope FROM extract_window WHERE stream = 'schedules' AND "
                                                       "complete_to IS NULL")], [(unit,)])
        server.control(faults=[f"job-slow:path={SEARCH}"])
        self.ok(site.extract("--stream", "schedules", "--until", later(NOW, hours=21)), 7)
        server.control(faults=[f"job-slow:path={WFM}adherence/explanations/jobs"])
        site.env["ROLLCALL_LIMIT_JOB_WAIT_MS"] = "1000"
        self.ok(self.new_site(server).extract("--stream", "adherence_explanation", "--until", NOW, env=site.env), 11)
        server.control(faults=[])
        self.extract(site)
        self.compare(server, site)

    def test_trouble(self):
        downloads = "path=/wfm-downloads/"
        # all may meet one window, which may be asked for anew three times (limit JOB_RESUBMITS)
        for faults in ([f"4xx:status=403,times=1,{downloads}", f"job-fail:times=2,path={SEARCH}"],
                       [f"5xx:times=1,{downloads}", f"4xx:status=404,times=1,{downloads}", f"job-fail:times=1,path={WFM}adherence"]):
            with self.subTest(faults):
                server, site = self.begin()
                server.control(faults=faults)
                self.extract(site)
                self.compare(server, site)
