#!/usr/bin/env python3
"""`make bench`: rollcall measured against its goals, in one table.

    run.py [--conversations N] [--full] [--only PART,...]

The stand-in serves N conversations (50,000) of several days as the sync query's pages of 100, made and compressed
beforehand, over loopback. Absolute times depend on the machine and vary by a tenth from run to run: what counts are the
ratios, all of one run. No figure fails it; a program that fails does.
"""
import argparse
import json
import math
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("BUILD", ROOT / "build")).resolve()
os.environ.setdefault("ROLLCALL", str(BUILD / "rollcall"))
os.environ.setdefault("STANDIN", str(BUILD / "standin"))
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import harness  # noqa: E402
import night  # noqa: E402

START = "2026-03-01"
DAYS = 5
PAGE = 100
LATENCY_SECONDS = 0.3
PARTS = ("load", "growth", "queries", "others", "reread", "latency", "rate", "csv", "night")
# What a copy of so many days before has otherwise: moments, days and ids; and the tables of days beside those of conversations.
LONG_AGO = {"conversation_start", "conversation_end", "segment_start", "segment_end", "emit_date", "utc_start", "entered_at",
            "left_at", "started_at", "start_time", "end_time", "day_start_time", "start_date", "range_start", "range_end"}
DAYS_AGO = {"day", "business_day"}
OWN_IDS = {"conversation_id", "shift_id"}
OF_DAYS = ("user_presence", "user_routing_status", "adherence_day", "adherence_exception", "adherence_actual", "adherence_period",
           "schedule_shift", "schedule_activity", "reconciliation", "reconciliation_day")
ANALYSTS = ("users", "queues", "wrapup_codes", "skills", "flows", "flow_outcome_definitions", "campaigns", "management_units",
            "management_unit_users", "business_units", "activity_codes", "user_status", "schedules", "adherence_historical",
            "conversation_aggregate", "user_aggregate")
LIBRARIES = ("libcurl", "libcrypto", "sqlite3", "zlib", "libdeflate", "yyjson", "libxxhash", "xlsxwriter")


def day(n):
    """Day n of the corpus, from 0, as an instant."""
    return time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(1772323200 + n * 86400))


def say(text):
    print(text, file=sys.stderr, flush=True)


class Done:
    """What a finished child cost."""

    def __init__(self, seconds, usage, output):
        self.seconds = seconds
        self.rss_mb = usage.ru_maxrss / 1024
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.output = output


def run(argv, env=None, stdout=None, good=(0,)):
    """Runs a program to its end; raises when it fails."""
    with tempfile.TemporaryFile() as messages:
        begun = time.monotonic()
        process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=stdout or messages,
                                   stderr=messages, env={**os.environ, **(env or {})})
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        messages.seek(0)
        output = messages.read().decode("utf-8", "replace")
        if process.returncode not in good:
            raise SystemExit(f"{shlex.join(str(a) for a in argv)}: exit {process.returncode}\n{output}")
        return Done(seconds, usage, output)


def seconds_of_zlib(path):
    """How long zlib alone takes, at level 1 and in one thread, for a file's bytes."""
    data = path.read_bytes()
    begun = time.monotonic()
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    for at in range(0, len(data), 65536):
        packer.compress(data[at:at + 65536])
    packer.flush()
    return time.monotonic() - begun


class Standin(harness.Standin):
    """The stand-in with its pages ready."""

    patience = 3600

    def __init__(self, directory, days, per_day, agents=150):
        super().__init__(directory, START, days, per_day, agents=agents, now=day(days), prerender=True)


class Site(harness.Site):
    """A database of rollcall's and the configuration for it."""

    def __init__(self, url, in_flight, **extract):
        super().__init__(url, START, extract={"in_flight": in_flight, **extract}, conversations={"method": "query"})

    def rollcall(self, *arguments, **options):
        return run(self.command(*arguments), **options)

    def extract(self, until):
        return self.rollcall("extract", "--stream", "conversations", "--until", until)

    def size(self):
        return sum(p.stat().st_size for p in Path(self.directory).glob("rollcall.db*") if p.suffix != ".lock")

    def remove(self):
        shutil.rmtree(self.directory)


class Table:
    """The figures, one line each."""

    def __init__(self):
        self.rows = []

    def add(self, what, figure, ratio="", goal="", met=None):
        self.rows.append((what, figure, ratio, goal, "" if met is None else "met" if met else "missed"))
        say("  " + "  ".join(part for part in self.rows[-1] if part))

    def print(self):
        rows = [("", "measured", "ratio", "goal", "")] + self.rows
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        for n, row in enumerate(rows):
            print("  ".join(part.ljust(width) for part, width in zip(row, widths)).rstrip())
            if n == 0:
                print("  ".join("-" * width for width in widths))


def at_least(ratio, goal):
    return f"{ratio:.2f} x", f">= {goal:g} x", ratio >= goal


class Bench:
    """One benchmark run."""

    def __init__(self, options, directory):
        self.options = options
        self.directory = Path(directory)
        self.table = Table()
        self.until = day(DAYS)
        self.standin = None
        self.loaded = None  # the site that holds the corpus
        self.count = 0
        self.seconds = 0.0

    def site(self, in_flight, **keys):
        return Site(self.standin.url, in_flight, **keys)

    def start(self, **world):
        per_day = -(-self.options.conversations // DAYS)
        say(f"making the pages of {DAYS} days of {per_day} conversations")
        self.standin = Standin(self.directory, DAYS, per_day, **world)

    def build_bare_insert(self):
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", *LIBRARIES], check=True, capture_output=True,
                               text=True).stdout.split()
        program = BUILD / "bare_insert"
        run([*shlex.split(os.environ.get("CC", "cc")), "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Isrc", f"-I{BUILD}/gen",
             HERE / "bare_insert.c", BUILD / "librollcall.a", *flags, "-lm", "-pthread", "-o", program])
        return program

    # --- parts ---

    def load(self):
        """End to end and bare, into the conversations' tables and into all that it fills, turn by turn; the best of each."""
        bare_program = self.build_bare_insert()
        target = self.directory / "bare.db"
        best, least = None, {}
        for turn in range(3 if self.options.full else 2):
            say(f"extract and bare insert, turn {turn + 1}")
            if self.loaded:
                self.loaded.remove()
            self.loaded = self.site(in_flight=4)
            done = self.loaded.extract(self.until)
            best = done if best is None or done.seconds < best.seconds else best
            for what in ("", "all"):
                bare = json.loads(run([bare_program, self.loaded.db, target, *what.split()]).output)
                bare["mb"] = target.stat().st_size / 1e6
                least[what] = min(bare, least.get(what, bare), key=lambda b: b["seconds"])
                target.unlink()
        self.count = least["all"]["conversations"]
        self.seconds = best.seconds
        for name, bare in zip(("bare bind/step insert, conversations and what hangs on them", "bare bind/step insert, the same rows"), least.values()):
            self.table.add(name, f"{self.count / bare['seconds']:,.0f} conversations/s, {bare['seconds']:.2f} s, CPU {bare['cpu_seconds']:.2f} s, "
                           f"{bare['mb']:.0f} MB, {bare['rows']:,} rows", f"extract is {bare['seconds'] / best.seconds:.2f} x")
        ratio, goal, met = at_least(least["all"]["seconds"] / best.seconds, 1)
        self.table.add("extract end to end, 4 in flight",
                       f"{self.count / best.seconds:,.0f} conversations/s, {best.seconds:.2f} s, CPU {best.cpu_seconds:.2f} s, "
                       f"RSS {best.rss_mb:.0f} MB, {self.loaded.size() / 1e6:.0f} MB", ratio, goal, met)
        wide = self.site(in_flight=16)
        done = wide.extract(self.until)
        self.table.add("extract end to end, 16 in flight", f"{self.count / done.seconds:,.0f} conversations/s, "
                       f"{done.seconds:.2f} s")
        self.table.add("RSS, 16 in flight", f"{done.rss_mb:.0f} MB", "", "<= 48 MB", done.rss_mb <= 48)
        wide.remove()

    def others(self):
        """What users would write instead, on the same pages and tables."""
        say(f"others, {self.loaded.value('SELECT sum(pages_read) FROM window_pass')} pages")
        done = run([sys.executable, HERE / "loader.py", self.loaded.db, self.standin.url, START, str(DAYS),
                    self.directory / "python.db"])
        count = int(done.output.split()[-1])
        if count != self.count:
            raise SystemExit(f"Python loaded {count} conversations, not {self.count}")
        ratio, goal, met = at_least(done.seconds / self.seconds, 4)
        self.table.add("Python, json + executemany", f"{count / done.seconds:,.0f} conversations/s, {done.seconds:.2f} s, "
                       f"RSS {done.rss_mb:.0f} MB", ratio, goal, met)

    def reread(self):
        """The same data asked for again a day later: the lookback reaches over all of it."""
        say("re-read of unchanged data")
        site = self.loaded
        site.set(extract={"lookback_days": 31})
        before = site.size()
        done = site.extract(day(DAYS + 1))
        if site.value("SELECT rows_unchanged FROM run ORDER BY run_id DESC LIMIT 1") < self.count:
            raise SystemExit("the re-read did not read everything again")
        ratio, goal, met = at_least(self.seconds / done.seconds, 1.3)
        self.table.add("re-read of unchanged data", f"{self.count / done.seconds:,.0f} conversations/s, "
                       f"{done.seconds:.2f} s", ratio, goal, met)
        growth = site.size() - before
        self.table.add("growth of the file by it", f"{growth:,} bytes", f"{growth / before:.4f}", "0",
                       growth <= 65536)

    def latency(self):
        for in_flight in (16, 8) if self.options.full else (16,):
            say(f"{LATENCY_SECONDS} s a request, {in_flight} in flight")
            self.standin.control(faults=[f"latency:ms={LATENCY_SECONDS * 1000:.0f}"])
            site = self.site(in_flight=in_flight)
            done = site.extract(self.until)
            self.standin.control(faults=[])
            sent = site.value("SELECT sum(requests) FROM request_count WHERE route NOT LIKE '%oauth%'")
            least = math.ceil(sent / in_flight) * LATENCY_SECONDS
            ratio = done.seconds / least
            self.table.add(f"latency 300 ms, {in_flight} in flight", f"{done.seconds:.2f} s, {sent} requests",
                           f"{ratio:.3f} x {least:.1f} s", "<= 1.05 x", ratio <= 1.05)
            site.remove()

    def rate(self):
        """A pace at which the run takes half a minute (with --full, two minutes). Within its first minute a run may be
        ahead by as many requests as may go out at once."""
        in_flight = 8
        pages = self.options.conversations / PAGE
        per_minute = max(60, math.floor(pages * (0.5 if self.options.full else 2)))
        say(f"{per_minute} requests a minute")
        site = self.site(in_flight=in_flight, requests_per_minute=per_minute)
        done = site.extract(self.until)
        sent, refused = (site.value(f"SELECT sum({column}) FROM request_count") for column in ("requests", "status_429"))
        share = sent / (done.seconds / 60 * per_minute)
        self.table.add(f"rate limit, {per_minute} a minute", f"{sent} requests in {done.seconds:.1f} s, {refused} x 429",
                       f"{share:.3f}", "0.97 to 1", 0.97 <= share <= 1 + in_flight / sent and refused == 0)
        site.remove()

    def csv(self):
        say("CSV")
        table = "session_metric"
        out = self.directory / "csv"
        columns = self.loaded.value(f"SELECT group_concat('m.' || name) FROM pragma_table_info('{table}') "
                                    "WHERE name <> 'conversation_key'")
        script = self.directory / "shell.sql"
        script.write_text(f".mode csv\n.headers on\nSELECT c.conversation_id, {columns} FROM conversation c "
                          f"CROSS JOIN {table} m ON m.conversation_key = c.conversation_key ORDER BY c.conversation_start, "
                          "c.conversation_id, c.conversation_key, m.participant_no, m.session_no, m.metric_no;\n")
        shell, plain, packed, raw = [], [], [], []
        for _ in range(3):
            with open(self.directory / "shell.csv", "wb") as file:
                shell.append(run(["sqlite3", "-init", script, self.loaded.db, ""], stdout=file).seconds)
            plain.append(self.loaded.rollcall("export", "--out", out, table).seconds)
            size = (out / f"{table}.csv").stat().st_size
            packed.append(self.loaded.rollcall("export", "--out", out, "--gzip", table).seconds)
            raw.append(seconds_of_zlib(out / f"{table}.csv"))
        shell_size = (self.directory / "shell.csv").stat().st_size
        shell_rate, rate, packed_rate = shell_size / min(shell) / 1e6, size / min(plain) / 1e6, size / min(packed) / 1e6
        self.table.add("CSV by the sqlite3 shell", f"{shell_rate:.0f} MB/s, {shell_size / 1e6:.0f} MB of {table}")
        ratio, goal, met = at_least(rate / shell_rate, 1.5)
        self.table.add("CSV by rollcall", f"{rate:.0f} MB/s, {size / 1e6:.0f} MB", ratio, goal, met)
        packed_size = (out / f"{table}.csv.gz").stat().st_size
        raw_rate = size / min(raw) / 1e6
        self.table.add("the same bytes through zlib, level 1", f"{raw_rate:.0f} MB/s in")
        ratio, goal, met = at_least(packed_rate / raw_rate, 0.6)
        self.table.add("CSV by rollcall, gzip", f"{packed_rate:.0f} MB/s in, {packed_size / 1e6:.0f} MB out", ratio, goal, met)

    def night(self):
        """A night of 500 agents, 10 management units and 10,000 conversations a day at 300 requests a minute, by stream,
        against the least possible. The file holds the ten days before; jobs are done when they are asked for."""
        days, per_day, hour = 12, 10000, "T06:00:00Z"
        say(f"a night of {per_day} conversations a day")
        server = harness.Standin(self.directory, START, days, per_day, agents=500, queues=40, units=11)
        nights = [day(n)[:10] + hour for n in (days - 2, days - 1)]
        site = harness.Site(server.url, START, extract={"streams": "all"})
        for moment in nights:
            server.control(now=moment, date="now")
            site.set(extract={"requests_per_minute": "300" if moment == nights[-1] else "1000000"})
            begun = time.monotonic()
            run(site.command("extract", "--until", moment), env=harness.QUICK)
        seconds = time.monotonic() - begun
        sent = night.sent(site, site.value("SELECT max(run_id) FROM run"))
        least = night.least(site, nights[-1], 500)
        for name in sorted(sent, key=lambda n: -sent[n]):
            self.table.add(f"night: {name}", f"{sent[name]} requests", f"least {least.get(name, 0)}")
        ratio = sum(sent.values()) / sum(least.values())
        self.table.add("a night's requests", f"{sum(sent.values())} in {seconds:.0f} s", f"{ratio:.2f} x {sum(least.values())}",
                       "<= 1.15 x", ratio <= 1.15)
        shutil.rmtree(site.directory)
        server.stop()

    def growth(self):
        """The corpus into a file that holds nine times as many conversations. They are rows with ids and nothing below:
        what a new conversation meets of them is the index of ids, all else is appended. With --full the real thing."""
        say("extract into a file of nine times as many conversations")
        full = self.site(in_flight=4)
        full.extract(day(0))
        db = sqlite3.connect(full.db, isolation_level=None)
        db.executescript(f"""
            PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; BEGIN;
            CREATE TEMP TABLE other AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
                WHERE i < {9 * self.count}) SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4'
                || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))
                AS id FROM n;
            INSERT INTO conversation (conversation_id, conversation_start, conversation_end) SELECT id,
                '2025-01-01T00:00:00.000Z', '2025-01-01T00:01:00.000Z' FROM other;
            COMMIT; PRAGMA wal_checkpoint(TRUNCATE)""")
        db.close()
        times = []
        for turn in range(2):
            site = self.site(in_flight=4)
            shutil.copyfile(full.db, site.db)
            os.sync()  # that it is written is not the run's cost
            times.append(site.extract(self.until).seconds)
            site.remove()
        full.remove()
        ratio = min(times) / self.seconds
        self.table.add("beside nine times as many", f"{min(times):.2f} s, alone {self.seconds:.2f} s", f"{ratio:.2f} x",
                       "<= 1.3 x", ratio <= 1.3)

    def multiply(self, site, times):
        """A file's rows `times` over, each copy as many days before the last as the corpus has."""
        db = sqlite3.connect(site.db, isolation_level=None)
        db.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA cache_size = -262144; BEGIN")
        held = {name: [row[1] for row in db.execute(f"PRAGMA table_info({name})")]
                for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}
        most = db.execute("SELECT max(conversation_key) FROM conversation").fetchone()[0]
        for table in OF_DAYS:
            db.execute(f"CREATE TEMP TABLE own_{table} AS SELECT * FROM {table}")

        def copied(column, n):
            if column.endswith("_key"):
                return f"{column} + {n * most}"
            if column in OWN_IDS:
                return f"'{n}' || {column}"
            if column in DAYS_AGO:
                return f"date({column}, '-{n * DAYS} days')"
            return f"strftime('%Y-%m-%dT%H:%M:%fZ', {column}, '-{n * DAYS} days')" if column in LONG_AGO else f'"{column}"'

        for n in range(1, times):
            for table, columns in held.items():
                if "conversation_key" in columns and table != "fact_owed" or table in OF_DAYS:
                    source = f"own_{table}" if table in OF_DAYS else f"{table} WHERE conversation_key <= {most}"
                    db.execute(f"INSERT OR IGNORE INTO {table} SELECT {', '.join(copied(c, n) for c in columns)} FROM {source}")
        first = f"date('{START}', '-{times * DAYS} days')"
        db.executescript(f"""
            WITH RECURSIVE n(day) AS (SELECT {first} UNION ALL SELECT date(day, '+1 day') FROM n WHERE day < '{START}')
            INSERT OR IGNORE INTO zone_offset SELECT day || 'T00:00:00.000Z', date(day, '+1 day') || 'T00:00:00.000Z', 0, day, 'UTC' FROM n;
            INSERT OR IGNORE INTO extract_window (stream, state, window_start, window_end, complete_to)
            SELECT s.column1, 'settled', utc_from, utc_to, utc_to FROM zone_offset, (VALUES ('conversations'), ('user_status')) AS s
            WHERE day < '{START}';
            PRAGMA journal_mode = WAL""")
        db.close()

    def answered(self, site, times):
        """{query: [(seconds, CPU seconds) for a day, a week and a quarter]} of a file's last days; where it goes by no days, one."""
        found, last = {}, day(DAYS - 1)[:10]
        for path in sorted((ROOT / "queries").glob("*.sql")):
            text = path.read_text(encoding="utf-8")
            for days in (1, 7, 90):
                given = {"from": day(DAYS - days)[:10], "to": last, "day": last}
                words = [f"{name}={value}" for name, value in given.items() if f"-- param: {name}  " in text]
                if days == 1 or len(words) > 1 and days <= times * DAYS:
                    done = site.rollcall("query", path.stem, "--csv", *words)
                    found.setdefault("query " + path.stem, []).append((done.seconds, done.cpu_seconds))
        done = site.rollcall("status", good=(0, 1))  # the corpus is of long ago: 1, overdue
        return {**found, "status": [(done.seconds, done.cpu_seconds)]}

    def queries(self):
        """Each query over the last day, week and quarter of a file of 200,000 conversations; with --full of 1,000,000 beside it, and
        of as many with 500 agents in place of 150."""
        small = self.asked(4, {})
        if self.options.full:
            self.asked(20, small)
            others = self.standin, self.loaded
            self.start(agents=500)
            self.loaded = self.site(in_flight=4)
            self.loaded.extract(self.until)
            self.asked(20, {}, ", 500 agents")
            self.loaded.remove()
            self.standin.stop()
            self.standin, self.loaded = others

    def asked(self, times, small, of=""):
        """Adds what each query takes of the corpus so many times over, beside those of a smaller file; returns that."""
        say(f"the corpus {times} times in one file, with the agents' days{of}")
        site = self.site(in_flight=4, streams=", ".join(ANALYSTS))
        shutil.copyfile(self.loaded.db, site.db)
        site.rollcall("extract", *(word for name in ANALYSTS for word in ("--stream", name)), "--until", self.until)
        self.multiply(site, times)
        count, took = site.value("SELECT count(*) FROM conversation"), self.answered(site, times)
        for name, figures in took.items():
            limits = (0.3,) if name == "status" else (1, 1, 10)
            beside = f"a day {figures[0][1] / small[name][0][1]:.1f} x that of 200,000" if small else ""
            self.table.add(f"{name}, {count:,}{of}", "day, week, quarter: " * (len(figures) > 1) + ", ".join(
                f"{seconds:.2f} s (CPU {cpu:.2f})" for seconds, cpu in figures), beside, "<= " + ", ".join(map(str, limits)) + " s",
                all(seconds <= limit for (seconds, _), limit in zip(figures, limits)))
        site.remove()
        return took

    def tenth(self):
        """Ten times the corpus into one file: the first and the tenth tenth."""
        self.standin.stop()
        per_day = -(-self.options.conversations // DAYS)
        say(f"making the pages of {10 * DAYS} days")
        self.standin = Standin(self.directory, 10 * DAYS, per_day)
        site = self.site(in_flight=4, lookback_days=0)
        times = []
        for tenth in range(1, 11):
            times.append(site.extract(day(tenth * DAYS)).seconds)
            say(f"  tenth {tenth}: {times[-1]:.2f} s")
        ratio = times[-1] / times[0]
        self.table.add("the tenth as many again", f"{times[-1]:.2f} s, the first {times[0]:.2f} s", f"{ratio:.2f} x",
                       "<= 1.3 x", ratio <= 1.3)

    def run(self):
        parts = self.options.only or PARTS
        if parts != ["night"]:
            self.start()
        try:
            for part in PARTS:
                if part in parts or (part == "load" and parts != ["night"]):
                    getattr(self, part)()
            if self.options.full and not self.options.only:
                self.tenth()
        finally:
            if self.standin:
                self.standin.stop()
        print(f"\n{self.count:,} conversations, {os.cpu_count()} cores, SQLite {sqlite3.sqlite_version}\n")
        self.table.print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--conversations", type=int, default=50000, metavar="N", help="size of the corpus (50000)")
    parser.add_argument("--full", action="store_true", help="everything, the tenth corpus in one file too (long)")
    parser.add_argument("--only", type=lambda text: text.split(","), metavar="PART,...", help=", ".join(PARTS))
    options = parser.parse_args()
    unknown = set(options.only or ()) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="rollcall-bench-") as directory:
        tempfile.tempdir = directory
        Bench(options, directory).run()


if __name__ == "__main__":
    main()
