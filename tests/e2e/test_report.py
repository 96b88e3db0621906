"""The page of figures: what a browser shows of it, and that its figures are those of the queries that it names."""
import collections
import html.parser
import json
import os
import re
import shlex

import browser
from harness import FULL, TestCase, lack, needs, run

NOW = "2026-03-03T06:00:00Z"
DAYS = ("--from", "2026-03-01", "--to", "2026-03-02")
STREAMS = "users, queues, conversations, adherence_historical, schedules, user_status, conversation_aggregate"
HOSTILE = ["<script>document.title = 'x'</script>", "\"'><img src=x onerror=alert(1)>", "\u202ereversed & \u05e9\u05dc\u05d5\u05dd",
           "Unbroken" * 40, "a b " * 80, "'; DROP TABLE queue; --"]

# How a quick test looks at pages: widths, and whether in the dark.
SHOWN = {"days": [(1440, False)], "hostile": [(360, True)], "empty": [(1440, True)], "one": [(360, False)], "a year": [(360, False)]}


class Page(html.parser.HTMLParser):
    """A page's sections: their heads, tables (rows of texts), facts (names and texts), and query lines; its words."""

    def __init__(self, path):
        super().__init__()
        self.tables, self.facts, self.lines, self.words, self.tags = {}, {}, {}, [], collections.Counter()
        self.open, self.head = [], ""
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.open.append(tag)
        if tag == "h2":
            self.head = ""
        elif tag == "dt":
            self.facts.setdefault(self.head, []).append(["", ""])
        elif tag == "tr":
            self.tables.setdefault(self.head, []).append([])
        elif tag in ("th", "td"):
            self.tables[self.head][-1].append("")
        if tag in ("meta", "line", "circle", "rect"):
            self.open.pop()

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.words.append(data)
        if "h2" in self.open:
            self.head += data
        elif "code" in self.open:
            self.lines.setdefault(self.head, []).append(data)
        elif {"dt", "dd"} & set(self.open):
            self.facts[self.head][-1]["dd" in self.open] += data
        elif "svg" not in self.open and {"th", "td"} & set(self.open):
            self.tables[self.head][-1][-1] += data

    def rows(self, head):
        names, *rows = self.tables[head]
        return [dict(zip(names, row)) for row in rows]


DASH = "\u2013"


def share(part, whole):
    return f"{100 * part / whole:.1f}%" if whole else DASH


def clock(ms, count=1):
    """An average of milliseconds as the page writes it."""
    if not count:
        return DASH
    seconds = int(ms / 1000 / count + 0.5)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}" if seconds >= 3600 else f"{seconds // 60}:{seconds % 60:02}"


def added_up(rows, *keys):
    """{key: sums of all numbers} of rows."""
    total = collections.defaultdict(collections.Counter)
    for row in rows:
        total[tuple(row[k] for k in keys)].update({k: v for k, v in row.items() if isinstance(v, (int, float))})
    return total


class Report(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.case = case = cls.shared()
        server = case.standin(days=2, per_day=60, agents=10, now=NOW, availability_lag=0)
        cls.site = case.site(server.url, extract={"streams": STREAMS})
        case.ok(cls.site.extract("--until", NOW))
        cls.hostile = case.site()
        case.ok(run(["cp", cls.site.db, cls.hostile.db]))
        for table, key in (("queue", "queue_id"), ("user", "user_id")):
            for n, name in enumerate(HOSTILE):
                quoted = name.replace("'", "''")
                cls.hostile.change(f"UPDATE {table} SET name = '{quoted}' WHERE {key} = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {n})")
        cls.year = case.site()
        case.ok(run(["cp", cls.site.db, cls.year.db]))
        columns = ", ".join(r["name"] for r in cls.site.query("PRAGMA table_info(interval_figure)")
                            if r["name"] not in ("conversation_key", "utc_start"))
        cls.year.change(f"""INSERT INTO interval_figure (conversation_key, utc_start, {columns})
                            SELECT conversation_key + 1000000 * n, strftime('%Y-%m-%dT%H:%M:%fZ', utc_start, -n || ' days'), {columns}
                            FROM interval_figure, (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 363) SELECT n FROM c)
                            WHERE conversation_key <= 9""")
        server.control(deny=["/api/v2/"])
        cls.empty = case.site(server.url)
        case.ok(cls.empty.extract("--until", NOW), 5)
        cls.one = case.site(case.standin(days=1, per_day=1, agents=2, now=NOW, availability_lag=0).url)
        case.ok(cls.one.extract("--until", NOW))
        cls.pages = {"a day": cls.made(cls.site, "--day", "2026-03-02"), "days": cls.made(cls.site, *DAYS),
                     "hostile": cls.made(cls.hostile, "--day", "2026-03-02"), "empty": cls.made(cls.empty),
                    "one": cls.made(cls.one), "a year": cls.made(cls.year, "--from", "2025-03-03", "--to", "2026-03-02")}

    @classmethod
    def made(cls, site, *arguments):
        path = os.path.join(site.directory, f"page{len(os.listdir(site.directory))}.html")
        cls.case.ok(site.run("report", "--out", path, *arguments))
        return path

    def answer(self, line, site=None):
        """What a query line of the page gives."""
        words = shlex.split(line)
        self.assertEqual(words[:2], ["rollcall", "query"])
        return json.loads(self.ok((site or self.site).run(*words[1:], "--json")).stdout)

    def test_each_figure_names_a_query_that_runs(self):
        for name, site in (("days", self.site), ("empty", self.empty), *([("hostile", self.hostile), ("one", self.one)] if FULL else [])):
            page = Page(self.pages[name])
            self.assertEqual(len(page.lines), page.tags["h2"], name) # and the banner's, but for the words'

            for line in {line for lines in page.lines.values() for line in lines}:
                with self.subTest(name, line=line):
                    self.answer(line, site)

    def test_what_is_undefined_is_a_dash(self):
        for name, path in self.pages.items():
            text = " ".join(Page(path).words)
            self.assertNotRegex(text, r"(?i)\b(null|nan|undefined|inf|infinity)\b", name)

    def test_the_whole_is_that_of_the_queues(self):
        for name in ("a day", "days"):
            page = Page(self.pages[name])
            (t,) = added_up(self.answer(page.lines["At a glance"][0])).values()
            self.assertGreater(t["handled"], 20)
            self.assertEqual(dict(page.facts["At a glance"]), {
                "Offered": f"{t['offered']:,}", "Answered": f"{t['answered']:,}", "Abandoned": f"{t['abandoned']:,}",
                "Abandoned of offered": share(t["abandoned"], t["offered"]),
                "Service level": share(t["service_level_numerator"], t["service_level_denominator"]),
                "Average speed of answer": clock(t["answer_ms"], t["answered"]), "Handled": f"{t['handled']:,}",
                "Average handle time": clock(t["handle_ms"], t["handled"]), "Transferred of handled": share(t["transferred"], t["handled"])})

    def test_time_is_cut_into_half_hours_or_days(self):
        for name, point, head in (("a day", "half_hour", "Half-hour"), ("days", "day", "Day")):
            page = Page(self.pages[name])
            total = added_up(self.answer(page.lines["Volumes"][0]), point)
            self.assertEqual(len(page.rows("Volumes")), 48 if name == "a day" else 2)
            for volume, level, handle in zip(*map(page.rows, ("Volumes", "Service level and abandons", "Handle time and its parts"))):
                t = total[(volume[head] if name == "days" else "2026-03-02 " + volume[head],)]
                self.assertEqual([volume[k] for k in ("Answered", "Abandoned", "Flowed out", "Offered")],
                                 [str(t[k]) for k in ("answered", "abandoned", "flow_out", "offered")])
                self.assertEqual([level[k] for k in ("Service level", "Abandoned", "Speed of answer")],
                                 [share(t["service_level_numerator"], t["service_level_denominator"]), share(t["abandoned"], t["offered"]),
                                  clock(t["answer_ms"], t["answered"])])
                self.assertEqual([handle[k] for k in ("Talk", "Hold", "After-call work", "Handle time")],
                                 [clock(t[k], t["handled"]) for k in ("talk_ms", "hold_ms", "acw_ms", "handle_ms")])

    def test_queues_and_transfers_are_those_of_the_query(self):
        page = Page(self.pages["a day"])
        total = added_up(self.answer(page.lines["Queues"][0]), "queue_name", "media_type")
        self.assertEqual({(r["Queue"], r["Media"]): (r["Service level"], r["Offered"], r["Transferred"]) for r in page.rows("Queues")},
                         {key: (share(t["service_level_numerator"], t["service_level_denominator"]), str(t["offered"]), str(t["transferred"]))
                          for key, t in total.items()})
        found = collections.Counter((r["From"], r["To"], int(r["All"])) for r in page.rows("Transfers"))
        self.assertEqual(found, collections.Counter((r["from_queue_name"] or "no queue", r["to_queue_name"] or "a person", r["transferred"])
                                                    for r in self.answer(page.lines["Transfers"][0])))

    def test_one_queue(self):
        name = self.site.value("SELECT name FROM queue WHERE name LIKE '% %' OR name LIKE '%&%' ORDER BY name LIMIT 1")
        page = Page(self.made(self.site, "--day", "2026-03-02", "--queue", name.upper()))
        self.assertEqual({r["Queue"] for r in page.rows("Queues")}, {name})
        self.assertTrue(all(r["queue_name"] == name for r in self.answer(page.lines["Queues"][0])))
        self.assertIn("(Of all queues.)", "".join(page.words))

    def test_agents_time_is_that_of_the_query(self):
        page = Page(self.pages["days"])
        total = added_up(self.answer(page.lines["Occupancy"][0]), "user_name")
        of = ("interacting_seconds", "communicating_seconds", "idle_seconds")
        want = {name: (share(t[of[0]], sum(t[k] for k in of)), clock(1000 * t["logged_in_seconds"])) for (name,), t in total.items()
                if t["logged_in_seconds"]}
        self.assertEqual({r["Agent"]: (r["Occupancy"], r["Logged in"]) for r in page.rows("Occupancy")}, want)
        self.assertGreater(len(want), 5)

    def test_adherence_by_agent_is_that_of_its_half_hours(self):
        page = Page(self.pages["a day"])
        total = collections.defaultdict(lambda: [0, 0])
        for row in self.answer(page.lines["Adherence"][0]):
            total[row["user_name"]][0] += row["scheduled_seconds"]
            total[row["user_name"]][1] += row["exception_seconds"]
        found = {row["Agent"]: row["Adherence"] for row in page.rows("Adherence")}
        self.assertEqual(found, {name: f"{100 * max(0, 1 - out / of):.1f}%" for name, (of, out) in total.items() if of})
        self.assertGreater(len(found), 3)

    def test_half_hours_add_up_to_the_vendors_day(self):
        """Of agents whose schedule was not corrected after their day."""
        days = {(r["user_id"], r["business_day"]): (r["adherence_schedule_seconds"], r["exception_duration_seconds"])
                for r in self.site.query("SELECT * FROM adherence_day WHERE time_zone = 'Europe/Berlin'")}
        half_hours = collections.Counter()
        for row in self.answer("rollcall query adherence_halfhour from=2026-03-01 to=2026-03-02"):
            self.assertLessEqual(row["scheduled_seconds"], 1800)
            half_hours[row["user_id"], row["day"]] += row["scheduled_seconds"]
            half_hours[row["user_id"], row["day"], "out"] += row["exception_seconds"]
        same = [key for key, (of, out) in days.items() if of and (half_hours[key], half_hours[(*key, "out")]) == (of, out)]
        self.assertGreater(len(same), sum(1 for of, _ in days.values() if of) * 0.7)

    def test_the_banner_says_what_is_whole(self):
        page = Page(self.made(self.site, "--from", "2026-03-02", "--to", "2026-03-03"))
        words = "".join(page.words)
        self.assertIn("Not whole.", words)
        self.assertIn("conversations (read until 2026-03-03 06:00)", words)
        self.assertIn("Nothing is read.", "".join(Page(self.pages["empty"]).words))

    def test_what_is_proven_settled_and_moved(self):
        site = self.case.site()
        self.ok(run(["cp", self.site.db, site.db]))
        site.change("""UPDATE extract_window SET state = 'settled', complete_to = window_end WHERE window_start IS NOT NULL;
                       UPDATE reconciliation_day SET compared = 9, differing = 0, reason = NULL;
                       INSERT INTO figure_change (day, queue_id, media_type, kpi, before, after, moved_at)
                       SELECT '2026-03-01', queue_id, 'voice', 'offered', 1200, 1500, '2026-03-02T04:30:00.000Z' FROM queue ORDER BY name LIMIT 1""")
        page = Page(self.made(site, *DAYS))
        self.assertEqual(re.findall("<b>(.*?)</b>", page.text), ["Whole.", "Settled.", "Proven."])
        (row,) = page.rows("What moved lately")
        self.assertEqual([row[k] for k in ("Day", "Figure", "Before", "After", "Change")], ["2026-03-01", "offered", "1,200", "1,500", "300"])
        site.change("UPDATE reconciliation_day SET differing = 1 WHERE day = '2026-03-02' AND scope = 'queue'")
        self.assertIn("Not proven.</b> Figures differ from those that Genesys itself has counted, of 2026-03-02:", Page(self.made(site, *DAYS)).text)

    def test_an_hour_that_the_clock_shows_twice_is_two(self):
        server = self.case.standin(start="2026-10-31", days=2, per_day=30, agents=4, now="2026-11-02T06:00:00Z", availability_lag=0)
        site = self.case.site(server.url, start="2026-10-31", timezone="America/New_York")
        self.ok(site.extract("--until", "2026-11-02T06:00:00Z"))
        page = Page(self.made(site, "--day", "2026-11-01"))
        rows = page.rows("Volumes")
        self.assertEqual([r["Half-hour"] for r in rows[2:7]], ["01:00", "01:30", "01:00", "01:30", "02:00"])
        self.assertEqual((len(rows), sum(int(r["Offered"]) for r in rows)), (50, int(page.facts["At a glance"][0][1])))

    def test_days_are_chosen(self):
        titles = {("--day", "2026-03-02"): "Monday 2 March 2026", (): "Monday 2 March 2026",
                  ("--week", "2026-03-01"): "Monday 23 February 2026 to Sunday 1 March 2026",
                  ("--from", "2026-03-01"): "Sunday 1 March 2026 to Monday 2 March 2026",
                  ("--to", "2026-03-01"): "Monday 23 February 2026 to Sunday 1 March 2026"}
        for arguments, title in titles.items():
            with self.subTest(arguments):
                self.assertIn(f"<h1>{title}</h1>", Page(self.made(self.site, *arguments)).text)

    def test_bad_arguments_are_refused(self):
        out = os.path.join(self.site.directory, "refused.html")
        for code, words, *arguments in ((2, "is no day", "--day", "yesterday"), (2, "exclude", "--day", "2026-03-01", "--week", "2026-03-01"),
                                        (2, "lies after", "--from", "2026-03-02", "--to", "2026-03-01"),
                                        (2, "nothing is called", "--queue", "no such"),
                                        (2, "unexpected argument", "queue"), (2, "name a file", "--out=")):
            done = self.ok(self.site.run("report", "--out", out, *arguments), code)
            self.assertIn(words, done.stderr)
            self.assertFalse(os.path.exists(out))
        self.ok(self.site.run("report", "--out", self.site.directory), 9)

    def test_it_takes_the_place_of_no_database_and_no_device(self):
        site = self.case.site(genesys={"client_secret_file": "secret", "client_secret": None})
        self.ok(run(["cp", self.site.db, site.db]))
        link, device = site.directory + "/link", site.directory + "/device"
        os.symlink(site.db, link)
        os.mkfifo(device)
        for code, words, path in ((2, "belongs to the live database", site.db), (2, "belongs to the live database", link),
                                  (2, "belongs to the live database", site.db + "-wal"), (9, "not a file", device),
                                  (2, "belongs to the configuration", site.config), (2, "belongs to the configuration", site.directory + "/secret")):
            before = os.lstat(path).st_ino if os.path.lexists(path) else None
            self.assertIn(words, self.ok(site.run("report", "--out", path), code).stderr)
            self.assertEqual(os.lstat(path).st_ino if os.path.lexists(path) else None, before)

    def test_a_file_is_for_owner_and_group_and_replaced_whole(self):
        path = self.made(self.site)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o640)
        before = os.stat(path).st_ino
        done = self.ok(self.site.run("-v", "report", "--out", path))
        self.assertEqual(done.stdout, path + "\n")
        self.assertNotEqual(os.stat(path).st_ino, before)
        self.assertEqual([name for name in os.listdir(self.site.directory) if ".tmp-" in name], [])
        done = self.ok(self.site.run("report"))
        self.assertEqual((done.stdout, os.path.exists(self.site.directory + "/report.html")), ("", True))

    @needs("chromium", "chromedriver")
    def test_a_browser_shows_it(self):
        shown = browser.Browser()
        self.addCleanup(shown.close)
        for name, path in self.pages.items():
            for width, dark in ((1440, False), (360, True)) if FULL or name == "a day" else SHOWN[name]:
                with self.subTest(name, width=width):
                    shown.show(path, width, dark=dark)
                    self.assertEqual(shown.run("return document.documentElement.scrollWidth"), width)
                    if browser.AXE.exists() and (FULL or name not in ("days", "a year")):
                        self.assertEqual(shown.violations(), [])
            with self.subTest(name, media="paper"):
                shown.show(path, 695, media="print")
                self.assertEqual(shown.run("return document.documentElement.scrollWidth"), 695)
            self.assertEqual(shown.messages(), [])
        shown.show(self.pages["a day"])
        self.assertEqual(shown.paper()[:5], b"%PDF-")
        shown.show(self.pages["hostile"])
        self.assertEqual(shown.run("return [document.scripts.length, document.images.length]"), [0, 0])
        self.assertIn(HOSTILE[0], shown.run("return document.body.innerText"))
        if lack(browser.AXE):
            self.skipTest("all but accessibility was judged; " + lack(browser.AXE))
