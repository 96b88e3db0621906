"""Shared parts of the end-to-end tests: the stand-in server, a scratch site (configuration, database, exports), and a
second opinion on how documents become rows that shares nothing with the program's maps.

Needs python3 alone. ROLLCALL and STANDIN name the programs under test (default: build/).
"""
import atexit
import base64
import collections
import concurrent.futures
import contextlib
import csv
import datetime
import fcntl
import functools
import http.server
import json
import os
import pty
import random
import re
import shutil
import signal
import socketserver
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest
import urllib.error
import urllib.request
import zoneinfo
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROLLCALL = os.environ.get("ROLLCALL", str(ROOT / "build" / "rollcall"))
STANDIN = os.environ.get("STANDIN", str(ROOT / "build" / "standin"))
FULL = os.environ.get("ROLLCALL_TEST_FULL") == "1"
CLIENT_ID = "00000000-0000-4000-8000-000000000001"
CLIENT_SECRET = "standin-secret-4711"
# What stands before a command that another user is to run (root may read and write anywhere). setpriv gives up root's
# rights after it has found the program, which may lie where others may not enter.
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []

# Under nohup this is ignored, and what is ignored stays so in the programs under test.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# What most tests read: those of other streams say so.
FEW = "users, queues, adherence_realtime, conversations"

# Worlds in which figures are computed a second time, each of four days: zone, first day (in the first a day of 25 hours, in the third
# one of 23, in the last half an hour), seed, and whether there are calls alone.
ZONES = (("Europe/Berlin", "2025-10-24"), ("Asia/Kathmandu", "2026-03-06"), ("America/New_York", "2026-03-06"), ("Asia/Seoul", "2026-05-01"),
         ("Australia/Lord_Howe", "2026-04-03"))
WORLDS = [(*zone, seed, calls) for seed in (7, 8, 9) for calls in (None, True) for zone in ZONES] if FULL else [(*z, 7, None) for z in ZONES[:2]]

# Waits that a test need not sit out, and a write-ahead log so short that it is copied all the time.
QUICK = {
    "ROLLCALL_LIMIT_WAL_FRAMES": "50",
    "ROLLCALL_LIMIT_JOB_POLL_FIRST_MS": "5",
    "ROLLCALL_LIMIT_JOB_POLL_MS": "20",
    "ROLLCALL_LIMIT_RETRY_BASE_MS": "5",
    "ROLLCALL_LIMIT_RETRY_CAP_MS": "50",
    "ROLLCALL_LIMIT_RETRY_TOTAL_MS": "8000",
}

# Stands before a command, in a process of its own, so that the largest RSS, which it writes in MiB, is the program's and not
# that of the tests.
MEASURE = ("import os, sys; pid = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:]); status, used = os.wait4(pid, 0)[1:];"
           "print('rss', used.ru_maxrss // 1024); sys.exit(os.waitstatus_to_exitcode(status))")


def wait_until(condition, what="the program did not get that far", seconds=60):
    """Waits until condition() is true, and returns that. An error of the database counts as not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            value = condition()
        except sqlite3.Error:
            value = None
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(what)


def open_terminal():
    """A pseudo terminal; a test is skipped where the machine has none."""
    try:
        return pty.openpty()
    except OSError as e:
        raise unittest.SkipTest(f"no pseudo terminal here: {e}")


def at_terminal(command, env, columns=80, lines=24, **options):
    """Runs a command with stderr on a terminal of its own; returns (what stood there, its exit code)."""
    main, terminal = open_terminal()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(command, env=env, stderr=terminal, **{"stdout": terminal, **options})
    os.close(terminal)
    seen = b""
    while True:
        try:
            data = os.read(main, 65536)
        except OSError:  # the other end was closed
            break
        if not data:
            break
        seen += data
    os.close(main)
    return seen.decode(), process.wait()


def run(argv, **options):
    """Runs a command to its end, with its output as text."""
    return subprocess.run(argv, **{"capture_output": True, "text": True, "check": False, **options})


def lack(*things):
    """Which of these programs (names) and files (paths), all of which scripts/deps.sh brings, are not there, in words; "": none.
    tests/run.py knows a skip of these words: in CI it is a failure."""
    gone = [Path(thing).name for thing in things if not (shutil.which(thing) if isinstance(thing, str) else thing.exists())]
    return f"not there: {', '.join(gone)} (scripts/deps.sh test)" if gone else ""


def needs(*things):
    """Skips a test where one of them is not there."""
    return unittest.skipIf(lack(*things), lack(*things))


def ago(form="%Y-%m-%d", **delta):
    """The moment so long ago: ago(days=2)."""
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**delta)).strftime(form)


def utc(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def iso(moment):
    """As the API writes it."""
    return moment.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def later(moment, **delta):
    """So long after a moment: later(NOW, hours=2)."""
    return iso(utc(moment) + datetime.timedelta(**delta))


def midnight(day, zone):
    """The first instant of a day in a time zone."""
    begins = datetime.datetime.fromisoformat(str(day)).replace(tzinfo=zoneinfo.ZoneInfo(str(zone)))
    return begins.astimezone(datetime.timezone.utc)


def read_csv(*path):
    with open(os.path.join(*path), encoding="utf-8", newline="") as f:
        return list(csv.reader(f))


class Server:
    """A child process that listens on a port of its own choice."""

    patience = 60  # seconds to its start

    def __init__(self, argv, directory):
        self.port_file = Path(tempfile.mktemp(dir=directory, prefix="port-"))
        self.process = subprocess.Popen([*argv, "--port-file", self.port_file], stdout=subprocess.DEVNULL)
        self.port = int(wait_until(self.written_port, "the server did not come up", self.patience))
        self.url = f"http://127.0.0.1:{self.port}"

    def written_port(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"server ended with {self.process.returncode}")
        return self.port_file.exists() and self.port_file.read_text().strip()

    def stop(self):
        self.process.kill()
        self.process.wait()


class Standin(Server):
    """The stand-in Genesys Cloud."""

    def __init__(self, directory, start="2026-03-01", days=3, per_day=60, agents=20, now=None, faults=(), **options):
        argv = [STANDIN, "--port", "0", "--start", start, "--days", str(days), "--per-day", str(per_day),
                "--agents", str(agents), "--client-id", CLIENT_ID, "--client-secret", CLIENT_SECRET]
        if now:
            argv += ["--now", now]
        for name, value in {"seed": 7, **options}.items():
            if value is True:
                argv.append("--" + name.replace("_", "-"))
            elif value is not None:
                argv += ["--" + name.replace("_", "-"), str(value)]
        for fault in faults:
            argv += ["--fault", fault]
        super().__init__(argv, directory)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=120) as answer:
            return answer.read()

    def control(self, **settings):
        body = json.dumps(settings).encode()
        request = urllib.request.Request(self.url + "/standin/control", data=body, method="POST",
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def requests(self):
        return json.loads(self.get("/standin/requests"))

    def truth(self, start, **query):
        text = "&".join(f"{key}={value}" for key, value in {"start": start, **query}.items() if value)
        lines = self.get("/standin/truth?" + text).decode().splitlines()
        return [json.loads(line) for line in lines if line]


class Api:
    """Asks the stand-in as a client of its own, beside the program."""

    def __init__(self, url):
        self.url = url
        login = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        self.token = self.send("/oauth/token", b"grant_type=client_credentials", login, "application/x-www-form-urlencoded")["access_token"]

    def send(self, path, data, authorization, kind="application/json"):
        request = urllib.request.Request(path if path.startswith("http") else self.url + path, data=data, headers={"Content-Type": kind})
        if authorization:
            request.add_header("Authorization", authorization)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def ask(self, path, body=None, token=True):
        return self.send(path, json.dumps(body).encode() if body else None, token and "Bearer " + self.token)

    def known(self, path):
        """None where it does not know it."""
        try:
            return self.ask(path)
        except urllib.error.HTTPError as e:
            assert e.code == 404, e
            return None


class Site:
    """A scratch directory with a configuration, as a user would have it."""

    program = ROLLCALL
    connection = None  # that is held

    def __init__(self, url=None, start="2026-03-01", timezone="UTC", **sections):
        self.directory = tempfile.mkdtemp(prefix="rollcall-test-")
        self.db = os.path.join(self.directory, "rollcall.db")
        self.config = os.path.join(self.directory, "rollcall.ini")
        self.settings = {
            "genesys": {"login_url": url, "api_url": url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
            "database": {"path": self.db},
            "extract": {"start": start, "timezone": timezone, "requests_per_minute": "1000000", "streams": FEW},
        }
        self.env = dict(QUICK)
        self.set(**sections)

    def set(self, **sections):
        for section, keys in sections.items():
            self.settings.setdefault(section, {}).update(keys)
        with open(self.config, "w", encoding="utf-8") as f:
            for section, keys in self.settings.items():
                f.write(f"[{section}]\n")
                for key, value in keys.items():
                    if value is not None:
                        f.write(f"{key} = {value}\n")
        os.chmod(self.config, 0o600)

    def command(self, *arguments):
        return [self.program, "-c", self.config, *arguments]

    def environment(self, **more):
        base = {k: v for k, v in os.environ.items() if not k.startswith(("GENESYS_", "ROLLCALL_LIMIT_"))}
        return {**base, "ROLLCALL_PAGER": "cat", **self.env, **{k: str(v) for k, v in more.items()}}

    def run(self, *arguments, env=None, timeout=300, before=(), **options):
        """Runs the program to its end; `before`: the words of a command that starts it."""
        given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": self.directory, "text": True,
                 "errors": "replace", **options}
        return subprocess.run([*before, *self.command(*arguments)], env=self.environment(**(env or {})), timeout=timeout,
                              check=False, **given)

    def measured(self, *arguments, **options):
        """Runs the program to its end; (result, its largest RSS in MiB)."""
        result = self.run(*arguments, before=(sys.executable, "-c", MEASURE), **options)
        return result, int(result.stdout.rsplit("rss", 1)[1])

    def start_process(self, *arguments, env=None):
        return subprocess.Popen(self.command(*arguments), env=self.environment(**(env or {})), cwd=self.directory,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def extract(self, *arguments, **options):
        return self.run("extract", *arguments, **options)

    def steps(self, *arguments):
        """Runs the program to its good end; returns the steps at which it can be killed."""
        log = os.path.join(self.directory, "steps")
        result = self.run(*arguments, env={"ROLLCALL_STEP_LOG": log})
        assert result.returncode == 0, result.stderr
        return Path(log).read_text(encoding="ascii").split()

    def export(self, name="export", *arguments):
        out = os.path.join(self.directory, name)
        result = self.run("export", "--out", out, *arguments)
        assert result.returncode == 0, result.stderr
        return out

    def connect(self):
        db = sqlite3.connect(f"file:{self.db}?mode=ro", uri=True)
        db.row_factory = sqlite3.Row
        return db

    @contextlib.contextmanager
    def held(self):
        """Within it all queries go by one connection: SQLite reads a schema of this size in milliseconds."""
        with contextlib.closing(self.connect()) as self.connection:
            try:
                yield
            finally:
                self.connection = None

    def copy_of(self, other):
        """Takes the file of another site over."""
        with contextlib.closing(sqlite3.connect(other.db)) as source, contextlib.closing(sqlite3.connect(self.db)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = WAL")
        return self

    def query(self, sql, *values):
        with contextlib.nullcontext(self.connection) if self.connection else contextlib.closing(self.connect()) as db:
            return db.execute(sql, values).fetchall()

    def value(self, sql, *values):
        return self.query(sql, *values)[0][0]

    def change(self, sql):
        """Changes the database behind the program's back."""
        with contextlib.closing(sqlite3.connect(self.db)) as db:
            db.executescript(sql)


def make_figures(path, owed="SELECT conversation_key FROM conversation"):
    """What is derived from those conversations' records, made anew."""
    db = sqlite3.connect(path)
    db.execute(f"INSERT OR IGNORE INTO fact_owed {owed}")
    db.commit()
    db.close()
    run([Path(STANDIN).with_name("figures"), path], check=True)


def command_options():
    """{command: its options, long and short}, from the program's own list; "" holds those before the command."""
    facts = run([ROLLCALL, "--commands"], check=True).stdout
    found = {"": set()}
    for line in facts.splitlines():
        kind, command, short, long, *_ = line.split("\t") + [""]
        found.setdefault(command, set())
        if kind == "option":
            found[command] |= {word for word in (short, long) if word}
    return found


def stream_names(program=ROLLCALL):
    """All that it has."""
    return [line.split("\t")[0] for line in run([program, "--streams"], check=True).stdout.splitlines()]


def csv_bytes(directory, leave_out=()):
    """All CSV files of an export by name."""
    return {p.name: p.read_bytes() for p in sorted(Path(directory).glob("*.csv")) if p.stem not in leave_out}


def killed(result):
    return result.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)


CLOCK_SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long shift(void)
{
    const char *seconds = getenv("CLOCK_SHIFT");
    return seconds ? atol(seconds) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
    int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, ts);
    ts->tv_sec += clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ? shift() : 0;
    return result;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec ts;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &ts);
    *tv = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return out ? (*out = ts.tv_sec) : ts.tv_sec;
}
"""


@functools.lru_cache
def shim(source):
    """A library to load before all others; None where a compiler or the loader cannot."""
    directory = tempfile.mkdtemp(prefix="rollcall-test-")
    atexit.register(shutil.rmtree, directory, True)
    library = os.path.join(directory, "shim.so")
    made = run([*os.environ.get("CC", "cc").split(), "-shared", "-fPIC", "-x", "c", "-", "-o", library, "-ldl"], input=source)
    return library if made.returncode == 0 and "ROLLCALL_SANITIZED" not in os.environ else None


def clock_at(moment):
    """The environment in which a program's clock says that it is `moment` (ISO); none where that cannot be done."""
    now = datetime.datetime.now(datetime.timezone.utc)
    shift = utc(moment) - now
    return {"LD_PRELOAD": shim(CLOCK_SHIM), "CLOCK_SHIFT": int(shift.total_seconds())} if shim(CLOCK_SHIM) else {}


class Threaded(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # programs that are killed, handshakes that they refuse


def serve(test, handler, context=None, **attributes):
    """Starts a server on a free port of 127.0.0.1; ends with the test."""
    server = Threaded(("127.0.0.1", 0), handler)
    for name, value in attributes.items():
        setattr(server, name, value)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    server.port = server.server_address[1]
    server.url = f"http{'s' if context else ''}://127.0.0.1:{server.port}"
    return server


class Answering(http.server.BaseHTTPRequestHandler):
    """Reads each request whole, for answer(body)."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_any(self):
        self.answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = handle_any

    def send(self, status, data, headers):
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            self.close_connection = True  # the program is gone


class Rewriting(Answering):
    """Passes requests on to server.upstream; server.rule(method, path, body) may answer itself (status, bytes), or
    only wait, and server.edit(path, answer) may change an answer."""

    def forward(self, body):
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "accept-encoding", "connection")}
        request = urllib.request.Request(self.server.upstream + self.path, data=body or None, headers=headers, method=self.command)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as e:
            return e.code, e.read()

    def answer(self, body):
        status, answer = self.server.rule(self.command, self.path, body) or self.forward(body)
        self.send(status, self.server.edit(self.path, answer), {"Content-Type": "application/json"})


class TestCase(unittest.TestCase):
    """A test that cleans up its servers and directories."""

    maxDiff = 2000

    @classmethod
    def shared(cls):
        """A test case whose servers and sites last as long as the class's tests."""
        case = TestCase()
        cls.addClassCleanup(case.doCleanups)
        return case

    def directory(self):
        d = tempfile.TemporaryDirectory(prefix="rollcall-test-")
        self.addCleanup(d.cleanup)
        return d.name

    def standin(self, **options):
        server = Standin(self.directory(), **options)
        self.addCleanup(server.stop)
        return server

    def rewriting(self, upstream, rule=lambda *_: None, edit=lambda _, answer: answer):
        """The URL of a proxy; see Rewriting."""
        return serve(self, Rewriting, upstream=upstream, rule=rule, edit=edit).url

    def site(self, url=None, **options):
        site = Site(url, **options)
        self.addCleanup(shutil.rmtree, site.directory, True)
        return site

    def ok(self, result, code=0):
        self.assertEqual(result.returncode, code, f"\nstdout: {result.stdout}\nstderr: {result.stderr}")
        return result


# --- the second opinion -------------------------------------------------------------------------------------------

@functools.lru_cache(None)
def snake(name):
    """`minRFactor` is min_r_factor: a capital starts a word."""
    return re.sub(r"([A-Z])", lambda m: "_" + m.group(1).lower(), name).lstrip("_")


@functools.lru_cache(None)
def instant(text):
    return iso(utc(text))


TIME = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$")


def plain(value):
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and TIME.match(value):
        return instant(value)
    if isinstance(value, (list, dict)):
        return json.dumps(value, sort_keys=True)
    return value


def fields(item, leave_out=()):
    return {snake(k): plain(v) for k, v in item.items() if k not in leave_out and v is not None}


SEGMENT_TABLES = {"requestedRoutingSkillIds", "scoredAgents"}
SESSION_TABLES = {"metrics", "segments", "mediaEndpointStats", "flow", "proposedAgents", "agentGroups"}
CONVERSATION_TABLES = {"participants", "divisionIds", "evaluations", "surveys", "resolutions"}


def expected_rows(documents):
    """Rows per table, from whole conversation documents."""
    rows = {t: [] for t in (
        "conversation conversation_division participant participant_attribute session session_metric segment "
        "segment_skill media_endpoint_stat session_flow flow_outcome proposed_agent scored_agent agent_group "
        "evaluation survey resolution").split()}

    def add(table, key, item, leave_out=()):
        rows[table].append({**key, **fields(item, leave_out)})

    def elements(table, key, ordinal, items):
        for i, item in enumerate(items or []):
            add(table, {**key, ordinal: i}, item)

    def session_rows(key, session):
        add("session", key, session, SESSION_TABLES)
        elements("session_metric", key, "metric_no", session.get("metrics"))
        elements("media_endpoint_stat", key, "stat_no", session.get("mediaEndpointStats"))
        elements("proposed_agent", key, "agent_no", session.get("proposedAgents"))
        elements("agent_group", key, "group_no", session.get("agentGroups"))
        if session.get("flow"):
            add("session_flow", key, session["flow"], {"outcomes"})
            elements("flow_outcome", key, "outcome_no", session["flow"].get("outcomes"))
        for g, segment in enumerate(session.get("segments") or []):
            at = {**key, "segment_no": g}
            add("segment", at, segment, SEGMENT_TABLES)
            elements("scored_agent", at, "agent_no", segment.get("scoredAgents"))
            for i, skill in enumerate(segment.get("requestedRoutingSkillIds") or []):
                rows["segment_skill"].append({**at, "skill_no": i, "skill_id": skill})

    for c in documents:
        key = {"conversation_id": c["conversationId"]}
        add("conversation", {}, c, CONVERSATION_TABLES)
        for i, division in enumerate(c.get("divisionIds") or []):
            rows["conversation_division"].append({**key, "division_no": i, "division_id": division})
        elements("evaluation", key, "evaluation_no", c.get("evaluations"))
        elements("survey", key, "survey_no", c.get("surveys"))
        elements("resolution", key, "resolution_no", c.get("resolutions"))
        for p, participant in enumerate(c.get("participants") or []):
            at = {**key, "participant_no": p}
            add("participant", at, participant, {"sessions", "attributes"})
            for name, value in (participant.get("attributes") or {}).items():
                rows["participant_attribute"].append({**at, "name": name, "value": value})
            for s, session in enumerate(participant.get("sessions") or []):
                session_rows({**at, "session_no": s}, session)
    return rows


# Fields that the stand-in's fault unknown-fields adds. Inside an array kept as JSON text they stay, as they should.
ADDED = {"notYetKnown", "futureObject", "aLaterArray"}


def without_added(value):
    if isinstance(value, dict):
        return {k: without_added(v) for k, v in value.items() if k not in ADDED}
    return [without_added(v) for v in value] if isinstance(value, list) else value


@functools.lru_cache(None)
def same_json(text):
    """A JSON text without those, its names in their order; any other text as it is."""
    try:
        return json.dumps(without_added(json.loads(text)), sort_keys=True)
    except ValueError:
        return text


def stored_rows(site, table):
    """Rows of a conversation table with conversation_id in place of the key, NULL columns left out."""
    whose = ("", "") if table == "conversation" else ("c.conversation_id, ", "JOIN conversation c USING (conversation_key)")
    rows = site.query(f'SELECT {whose[0]}t.* FROM "{table}" t {whose[1]}')
    names = [(i, name) for i, name in enumerate(rows[0].keys() if rows else ())
             if name not in ("conversation_key", "missing_since") and not name.startswith("row_")]
    rows = [{name: row[i] for i, name in names if row[i] is not None} for row in map(tuple, rows)]
    for row in rows if table != "participant_attribute" else ():
        for name, value in row.items():
            if value.__class__ is str and value[:1] in "[{":
                row[name] = same_json(value)
    return rows


# Tables of the runs and of what they saw.
LEDGER = set("erased grant_set run extract_window window_pass raw_page raw_reading request_count request_month reading_seen organization "
             "stream_source unknown_field data_problem reconciliation reconciliation_day figure_kept figure_touched".split())
CHANGE_LOGS = {"conversation_change", "dimension_change", "adherence_change", "figure_change"}
# Columns that say when it was, by the clock or the run, beside those that say what is.
SEEN = {"first_seen_at", "last_seen_at", "missing_since", "seen_at", "changed_at", "moved_at", "run_id", "change_id"}


def table_names(site):
    return {r[0] for r in site.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")}


def plain_rows(site, table):
    """Rows of any table without our keys and bookkeeping; children of a conversation with its id."""
    columns = [r["name"] for r in site.query(f'PRAGMA table_info("{table}")')]
    kept = [c for c in columns if c not in SEEN and not c.endswith("_key") and not c.startswith("row_")]
    whose = ""
    if "conversation_key" in columns and "conversation_id" not in columns:
        kept.append("conversation_id")
        whose = "JOIN (SELECT conversation_key, conversation_id FROM conversation) USING (conversation_key)"
    return [dict(zip(kept, r)) for r in site.query('SELECT "%s" FROM "%s" %s' % ('", "'.join(kept), table, whose))]


def all_rows(site, leave_out=()):
    """Those of all tables but some, {table: its rows}."""
    with site.held():
        return {table: plain_rows(site, table) for table in sorted(table_names(site) - set(leave_out))}


SORTED = json.JSONEncoder(sort_keys=True).encode  # json.dumps() makes one each time


def canonical(rows):
    """Rows in an order of their own, each as JSON."""
    def number(value):
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return sorted(SORTED({k: number(v) for k, v in r.items()}) for r in rows)


def counted(rows):
    return rows if isinstance(rows, collections.Counter) else collections.Counter(frozenset(r.items()) for r in rows)


def same_rows(test, want, have, words=""):
    """Tables, each {table: its rows, or these counted}, of which the first says which are compared."""
    for table in want:
        wanted, stored = counted(want[table]), counted(have[table])
        if wanted != stored:
            missing, extra = (list(map(sorted, (a - b).elements()))[:2] for a, b in ((wanted, stored), (stored, wanted)))
            test.fail(f"{words}{table}: {sum(wanted.values())} expected, {sum(stored.values())} stored\nmissing: {missing}\nextra: {extra}")


def check_attribute_keys(test, site):
    """What is said of attributes' names against the attributes that there are."""
    counted = site.query(
        "SELECT name, count(DISTINCT conversation_key), ifnull(sum(length(value) = 1024), 0), ifnull(max(length(value)), 0), "
        "(SELECT count(*) FROM (SELECT 1 FROM participant_attribute AS b WHERE b.name = a.name GROUP BY conversation_key "
        "HAVING count(DISTINCT value) > 1)) FROM participant_attribute AS a GROUP BY name ORDER BY name")
    known = site.query("SELECT name, conversations, cut_count, ifnull(longest_length, 0), conflicts FROM attribute_key WHERE "
                       "conversations > 0 ORDER BY name")
    test.assertEqual([tuple(r) for r in known], [tuple(r) for r in counted])


def compare_conversations(test, site, truth, leave_out=()):
    """The whole file against what a right extraction holds, table by table, row for row; but for some ids."""
    expected = expected_rows([line["conversation"] for line in truth])
    with site.held():
        stored = {table: stored_rows(site, table) for table in expected}
    same_rows(test, *({table: [r for r in rows if r["conversation_id"] not in leave_out] for table, rows in tables.items()}
                      for tables in (expected, stored)))


def changed_after_lookback(states, days):
    """Whether a conversation, given as its states [(TIME, document)] at each reading, changed when it had ended so long
    before the reading before that nobody looks any more."""
    return any(new != old and "conversationEnd" in old and
               utc(now) >= utc(old["conversationEnd"]) + datetime.timedelta(days=days)
               for (now, old), (_, new) in zip(states, states[1:]))


class Sequence:
    """Nights that follow from a seed; carry_out() raises AssertionError where something is wrong."""

    def __init__(self):
        self.test, self.log = TestCase(), []

    def outcome(self):
        """None, or what is wrong."""
        try:
            self.carry_out()
        except AssertionError as e:
            return "\n".join([*self.log, str(e)])
        finally:
            self.test.doCleanups()
        return None


def seeds_of(variable, *usual):
    """Those that are asked for in the environment, SEED or FIRST-LAST, else the usual ones and a fresh one."""
    first, _, last = os.environ.get(variable, "").partition("-")
    return [*range(int(first), int(last or first) + 1)] if first else [*usual, random.SystemRandom().randrange(1000, 10**6)]


def carry_out_all(test, variable, make, plans):
    """Makes and carries out sequences, several at a time; the first value of a plan is its seed."""
    print("seeds", *dict.fromkeys(plan[0] for plan in plans))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = pool.map(lambda plan: make(*plan).outcome(), plans)
        wrong = {plan: words for plan, words in zip(plans, outcomes) if words}
    for plan, words in wrong.items():
        print(f"{variable}={plan[0]}{plan[1:] or ''}\n{words}\n")
    test.assertEqual(sorted(wrong), [], f"{len(wrong)} of {len(plans)} sequences")
