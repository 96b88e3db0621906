"""Every stream in every kind of trouble that its requests can meet: the run says it in one sentence and ends with the code that
is named for it, other streams are whole, and the first good run brings every row: then the file equals one extraction without
trouble.

Nothing here knows a stream: they are the program's own list, with whom each needs; what a stream asks for, and which tables it
fills, is seen when it is read by itself. ROLLCALL_FAULTS_SEED takes a seed that was printed; ROLLCALL_FAULTS=NAME,... takes
streams. At full size it is all streams, each fault on each of their routes.
"""
import collections
import concurrent.futures
import os
import random
import re

from harness import CHANGE_LOGS, FULL, LEDGER, ROLLCALL, TestCase, all_rows, clock_at, counted, run, same_json, same_rows
from test_lists import OF_THE_MOMENT

START, NOW = "2026-03-02", "2026-03-05T06:00:00.000Z"
SEED = int(os.environ.get("ROLLCALL_FAULTS_SEED") or random.SystemRandom().randrange(1000, 10**6))
LIMITS = {"ROLLCALL_LIMIT_RETRY_TOTAL_MS": "40", "ROLLCALL_LIMIT_RETRY_BASE_MS": "1", "ROLLCALL_LIMIT_JOB_WAIT_MS": "1000",
          "ROLLCALL_LIMIT_ASKS": "3", "ROLLCALL_LIMIT_JOB_POLL_MS": "100"}
# What any run asks for.
OF_ANY_RUN = re.compile("/oauth/|/tokens/me|/authorization/subjects/")
# Whose answers hold no rows, so that odd values in them change none.
WITHOUT_ROWS = r"(?!.*(/jobs|/bulk|/availability|/jobs/{id})$|DELETE)"
# A version of a form is asked for once.
ONCE = re.compile("/forms/.*{id}$")
# The vendor asks for no permission there.
NAMELESS = re.compile("/adherence/.*jobs/{id}$")
# Files of several streams lie there.
SHARED = re.compile("/wfm-downloads/")
# A list of forms says which details of forms are others now.
ONLY_BESIDE = re.compile("^(evaluation|survey)_form_(detail|group|question)$")
# Rows that are one value each, which a wrong one costs, and figures made of values.
OF_VALUES = {"conversation_division", "participant_attribute", "segment_skill", "agent_leg", "interval_figure", "queue_visit"}
# What any file has.
OF_ANY_FILE = {"kpi", "zone_offset"}

# A fault of the stand-in; the routes on which it can strike; what a run says of it. None: all is well, but for values that are
# told and right again when they are next read.
Kind = collections.namedtuple("Kind", "fault routes says")
KINDS = (
    Kind("deny", r".* /api/", r"the client lacks \w+:\w+:\w+( for a part of it)?\. .*, -{name}$|names no permission|a permission is missing"),
    Kind("5xx:status=503", r"GET|POST", "HTTP 503"),
    Kind("truncated-json", r"GET|POST", "no valid JSON"),
    Kind("not-json", r"GET|POST", "no JSON document"),
    Kind("no-answer", r"(GET|POST) /api/.*(?<!/aggregates/query)$", "says nothing"),  # there {} may say that nothing is
    Kind("error-in-200", r"(GET|POST) /api/", "HTTP 200 with an error"),
    Kind("job-fail", r"POST .*(/jobs|/bulk|/search)$|GET .*/explanations/jobs/{id}$", "the job (is (FAILED|Error)|was lost)"),
    Kind("job-state-expired", r"POST .*/jobs$", "the job (is EXPIRED|was lost)"),
    Kind("job-slow", r"GET .*/jobs/{id}$|POST .*/search$", "is not done after|is still under way"),
    Kind("4xx:status=403", r"GET /[\w-]*downloads/", "the download has expired|was lost"),
    Kind("offset-past", r"GET /downloads/", None),
    Kind("wrong-types", WITHOUT_ROWS, None),
    Kind("unknown-fields", WITHOUT_ROWS, None),
)

Stream = collections.namedtuple("Stream", "name title permissions groups needs")
STREAMS = {line.split("\t")[0]: Stream(*line.split("\t")) for line in run([ROLLCALL, "--streams"], check=True).stdout.splitlines()}
WITH_JOBS = [line.split("\t")[0] for line in run([ROLLCALL, "--requests", ""], check=True).stdout.splitlines() if " polls" in line]


def needed(name):
    """Whom it needs, and whom those need."""
    needs = STREAMS[name].needs
    return {needs, *needed(needs)} if needs else set()


def words(names):
    """[extract] streams for these and no others, though a group may bear a stream's name."""
    return ", ".join(s if s in names else f"-{s}" for s in STREAMS)


def rows_of(site):
    """All rows but the runs', counted, without what is of the moment: when an agent was seen, what is no change of its row."""
    def plain(table, rows):
        kept = [k for k in rows[0] if not k.endswith("_observed") and k not in OF_THE_MOMENT.get(table, ())] if rows else ()
        for row in rows:
            yield {k: same_json(row[k]) if row[k].__class__ is str and row[k][:1] in ("{", "[") else row[k] for k in kept}

    return {table: counted(plain(table, rows)) for table, rows in all_rows(site, LEDGER | CHANGE_LOGS | OF_ANY_FILE).items()}


def count_of(rows):
    return sum(rows.values())


class Trouble(TestCase):
    """A stream beside others that do not need it, in a world of its own."""

    def __init__(self, name):
        super().__init__()
        self.name, self.random = name, random.Random(f"{SEED} {name}")
        self.server = self.standin(start=START, days=3, per_day=16, agents=6, queues=2, now=NOW, job_polls=1, eventful=True)
        self.server.control(date="now")
        others = [s for s in STREAMS if s != name and name not in needed(s)]
        beside = [name, *(others if FULL else self.random.sample(others, 3))]
        self.all = {n for s in beside for n in {s, *needed(s)}}
        site = self.new_site(self.all)
        _, self.asked = self.extract(site, 0)
        self.clean, self.odd = rows_of(site), collections.Counter()
        self.learn()

    def new_site(self, names):
        site = self.site(self.server.url, start=START, extract={"streams": words(names)})
        site.env.update(LIMITS)
        return site

    def extract(self, site, code, **trouble):
        """Ends with `code` (None: any); returns the sentences of the stream, and the routes that were asked."""
        self.server.control(**{"faults": [], "deny": [], **trouble}, reset_requests=True)
        result = site.extract(*([] if clock_at(NOW) else ["--until", NOW]), env=clock_at(NOW))
        if code is not None:
            self.ok(result, code)
        said = [line for line in result.stderr.splitlines() if line.startswith(f"rollcall: {self.name}")]
        return said, {r for r in self.server.requests()["routes"] if not OF_ANY_RUN.search(r)}

    def learn(self):
        """The routes that the stream alone asks, and the tables that it fills."""
        site = self.new_site(needed(self.name))
        before, asked = collections.defaultdict(collections.Counter), set()
        if needed(self.name):
            asked = self.extract(site, 0)[1]
            before = rows_of(site)
        site.set(extract={"streams": words({self.name, *needed(self.name)})})
        self.routes = sorted(self.extract(site, 0)[1] - asked)
        self.tables = {table for table, rows in rows_of(site).items() if rows != before[table]}
        self.assertTrue(self.routes and self.tables, "nothing to learn from")
        for table in ("data_problem", "unknown_field"):
            self.assertEqual(site.value(f"SELECT count(*) FROM {table}"), 0, "units without agents are no trouble")

    def carry_out(self, kind, route):
        method, path = route.replace("{id}", "*").split(" ")
        if kind.fault == "deny":
            site, said = self.refuse(path + "$")
        else:
            site = self.new_site(self.all)
            spec = f"{kind.fault}{',' if ':' in kind.fault else ':'}path={path}$,method={method}"
            said, _ = self.extract(site, 11 if kind.says else 0, faults=[spec])
        have = rows_of(site)
        harmed = {t for t in self.clean if have[t] != self.clean[t]} - self.tables
        self.assertTrue(SHARED.search(route) or not {t for t in harmed if not ONLY_BESIDE.search(t)}, harmed)
        if kind.says:
            self.assertEqual(len(said), 1, said)
            self.assertRegex(said[0], kind.says.format(name=self.name))
            if kind.fault == "deny" and not NAMELESS.search(route):
                permissions = re.findall(r"\w+:\w+:\w+", STREAMS[self.name].permissions)
                self.assertTrue(not permissions or any(p in said[0] for p in permissions), said[0])
        else:
            lost = {t: less for t, rows in self.clean.items() if (less := count_of(rows) - count_of(have[t])) and t not in OF_VALUES}
            self.assertTrue(not lost or site.value("SELECT count(*) FROM data_problem WHERE kind LIKE '%left out'"), lost)
            self.assertTrue(kind.fault != "offset-past" or any(have[t] != self.clean[t] for t in self.tables))
            self.odd[kind.fault] += site.value("SELECT count(*) FROM data_problem") + site.value("SELECT count(*) FROM unknown_field")
            site.change("UPDATE window_pass SET read_at = '2026-02-01T00:00:00.000Z', covered_to = NULL;"
                        "UPDATE extract_window SET state = 'open'")
        _, asked = self.extract(site, 0)
        # What was seen of an agent at a moment cannot be asked for again.
        if kind.says or (route in asked and not ONCE.search(route) and "adherence_state" not in self.tables):
            same_rows(self, self.clean, rows_of(site))

    def refuse(self, path):
        """A run to which the path is denied, and what takes its place."""
        deny, asked = [], {path}
        while asked:
            deny += sorted(asked)
            site = self.new_site(self.all)
            said, asked = self.extract(site, None, deny=deny)
            asked = {r.split(" ")[1].replace("{id}", "*") + "$" for r in asked - self.asked} if not said else set()
        self.assertTrue(said, f"{deny} may be denied and nobody says so")
        # The only one of a run, where what it needs is a list, which is read then, too.
        alone = self.new_site({self.name})
        only, _ = self.extract(alone, None, deny=deny)
        if only and not any(rows for table, rows in rows_of(alone).items() if table in self.tables):
            self.assertEqual(alone.value("SELECT exit_code FROM run"), 5)
        return site, said

    def try_all(self):
        """What went wrong, as texts."""
        wrong = []
        for kind in KINDS:
            routes = [r for r in self.routes if re.match(kind.routes, r)]
            for route in routes if FULL else self.random.sample(routes, min(1, len(routes))):
                try:
                    self.carry_out(kind, route)
                except AssertionError as e:
                    wrong.append(f"{self.name}: {kind.fault} on {route}: {e}")
        many = sum(count_of(self.clean[table]) for table in self.tables) > 20
        wrong += [f"{self.name}: no answer had {fault}" for fault in ("wrong-types", "unknown-fields")
                  if FULL and many and not self.odd[fault]]
        return wrong


def trouble_of(name):
    trouble = None
    try:
        trouble = Trouble(name)
        return trouble.try_all()
    except AssertionError as e:
        return [f"{name}: {e}"]
    finally:
        if trouble:
            trouble.doCleanups()


class Faults(TestCase):
    def test_a_unit_in_which_nobody_is(self):
        """It is no trouble, and brings nothing."""
        server = self.standin(start=START, days=3, per_day=16, agents=6, queues=2, now=NOW, job_polls=1)
        site = self.site(server.url, start=START, extract={"streams": "management_units, adherence_historical, schedules"})
        self.ok(site.extract("--until", NOW))
        empty = site.value("SELECT management_unit_id FROM management_unit WHERE name = 'Empty'")
        for table in ("management_unit_user", "adherence_day", "schedule_shift"):
            units = {r[0] for r in site.query(f"SELECT DISTINCT management_unit_id FROM {table}")}
            self.assertEqual((len(units) > 1, empty in units), (True, False), table)
        self.assertEqual([tuple(r) for r in site.query("SELECT stream FROM extract_window WHERE scope = ? AND complete_to IS NULL "
                                                       "AND window_start < '2026-03-04'", empty)], [])
        self.assertEqual(site.value("SELECT count(*) FROM data_problem"), 0)

    def test_every_stream_in_every_trouble(self):
        some = [random.Random(SEED).choice(names) for names in (WITH_JOBS, [s for s in STREAMS if s not in WITH_JOBS])]
        names = os.environ.get("ROLLCALL_FAULTS", ",".join(STREAMS if FULL else some)).split(",")
        print(f"seed {SEED}: {names}")
        with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
            wrong = [line for lines in pool.map(trouble_of, names) for line in lines]
        self.assertEqual(wrong, [], "\n".join(wrong))
