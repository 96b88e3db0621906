"""Exit codes and messages: one clear line, its exit code, and nothing changed. Refused logins, permissions, mistyped
input, files of others, output that nobody reads, readers without rights, runs that begin together."""
import datetime
import functools
import os
import re
import shutil
import sqlite3
import subprocess
import unittest
from pathlib import Path

from harness import AS_NOBODY, FULL, ROLLCALL, TestCase, at_terminal, command_options, run

NOW = "2026-03-03T12:00:00Z"
NOWHERE = "http://127.0.0.1:9"
CONVERSATIONS = ("--stream", "conversations", "--until", NOW)


def ahead(**delta):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**delta)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class CommandLine(TestCase):
    def filled(self, **options):
        """A site that has been extracted into."""
        server = self.standin(now=NOW, per_day=options.pop("per_day", 40))
        site = self.site(server.url, **options)
        self.ok(site.extract("--until", NOW))
        return site

    def refused(self, result, code, *words):
        """One line says all of it; a run's summary may follow."""
        self.ok(result, code)
        self.assertEqual(len(re.findall("(?m)^rollcall: (?!run )", result.stderr)), 1, result.stderr)
        for word in words:
            self.assertRegex(result.stderr, word)


class FromTheServer(CommandLine):
    def test_a_limit_of_one_api_is_its_streams_alone(self):
        """It asks for a longer wait, of hours mostly, than the limit of a token, which is by the minute."""
        server = self.standin(now=NOW, faults=["429:retry_after=3600,path=/api/v2/routing/wrapupcodes"])
        site = self.site(server.url)
        self.ok(site.extract(*CONVERSATIONS, "--stream", "wrapup_codes"), 11)
        self.assertGreater(site.value("SELECT count(*) FROM conversation"), 0)
        self.ok(site.extract("--stream", "wrapup_codes"), 6)


class Mistyped(CommandLine):
    def test_without_a_start(self):
        site = self.site(NOWHERE, start=None)
        self.refused(site.extract(), 3, "start")
        self.assertFalse(os.path.exists(site.db))

    def test_usage(self):
        site = self.site(NOWHERE)
        cases = (("no command given",), ("did you mean extract", "extrct"), ("unknown option '-x'", "-vx"),
                 ("option '--config' needs a value", "--config"), ("did you mean --limits", "--limts"),
                 ("did you mean --until", "extract", "--untl", NOW), ("ISO 8601", "extract", "--until", "tomorrow"),
                 ("did you mean conversations", "extract", "--stream", "conversation"),
                 ("unexpected argument 'now'", "extract", "now"), ("unexpected argument 'now'", "status", "now"),
                 ("option '--stream' needs a value", "extract", "--stream"),
                 ("exclude each other", "query", "freshness", "--csv", "--json"), ("name one file", "snapshot"),
                 ("'0' is no number", "recent", "0"), ("--out '': name a directory", "export", "--out", ""),
                 ("--out '-': name a directory", "export", "--out", "-"),
                 ("did you mean help", "hlep"), ("did you mean extract", "help", "extrct"),
                 ("did you mean adherence_realtime", "extract", "--stream", "adherence_reltime"),
                 ("extract: unknown option '--csv'", "--csv", "extract"), ("unexpected argument 'now'", "--", "status", "now"),
                 ("did you mean wrapup_codes", "query", "wrapups"), ("did you mean --until", "extract", "-v", "--untl=x"))
        for words, *arguments in cases:
            with self.subTest(arguments):
                self.refused(site.run(*arguments), 2, words)
        self.assertFalse(os.path.exists(site.db))

    def test_options_stand_anywhere(self):
        site = self.filled()
        wanted = self.ok(site.run("query", "freshness", "from=2026-03-02", "--csv")).stdout
        for words in ("--csv query freshness from=2026-03-02 -c FILE", "query -cFILE --csv freshness from=2026-03-02",
                      "--csv query freshness --config=FILE -- from=2026-03-02", "--csv -q query -c FILE -v freshness from=2026-03-02"):
            argv = [ROLLCALL, *words.replace("FILE", site.config).split()]
            for posix in ({}, {"POSIXLY_CORRECT": "1"}):
                self.assertEqual(self.ok(run(argv, env=site.environment(**posix))).stdout, wanted, argv)

    def test_help_and_version(self):
        site = self.site(NOWHERE)
        self.assertRegex(self.ok(site.run("--version")).stdout, r"^rollcall \d+\.\d+")
        for command, options in command_options().items():
            text = self.ok(site.run(*[command] if command else [], "--help")).stdout
            self.assertEqual(self.ok(site.run("help", *[command] if command else [])).stdout, text)
            self.assertTrue(text.startswith(f"usage: rollcall {command}"))
            self.assertTrue(all(len(line) <= 80 for line in text.splitlines()), command)
            for option in options:
                self.assertRegex(text, rf"(?m)^ +(-\w, )?{option}\b")

    def test_a_day_is_its_start_in_the_time_zone(self):
        site = self.site(self.standin(now=NOW).url, timezone="Asia/Seoul")
        self.ok(site.extract("--stream", "users", "--until", "2026-03-03"))
        self.assertEqual(site.value("SELECT planned_until FROM run"), "2026-03-02T15:00:00.000Z")
        for text in ("2026-03-03T00:00", "2026-03-03T00:00:00", "2026-3-3", "2026-02-30", "tomorrow", ""):
            self.refused(site.extract("--stream", "users", "--until", text), 2, "with a zone")

    def test_how_far_ahead_a_time_may_lie(self):
        site = self.site(self.standin(now=NOW).url)
        self.refused(site.extract("--stream", "users", "--until", ahead(days=40, minutes=5)), 2,
                     "lies 40 days in the future")
        self.assertFalse(os.path.exists(site.db))
        for delta, warned in (({"days": 6, "hours": 23}, True), ({"minutes": 3}, True), ({"seconds": 20}, False)):
            result = self.ok(site.extract("--stream", "users", "--until", ahead(**delta)))
            self.assertEqual("lies in the future" in result.stderr, warned, delta)

    def test_a_misspelt_table_is_told_with_its_line(self):
        site = self.filled()
        site.set(export={"tables": "user, conversatoin"})
        words = r"rollcall.ini:\d+: \[export\] tables: there is no table or view 'conversatoin', did you mean conversation"
        self.refused(site.run("export"), 3, words)
        self.refused(site.extract("--until", NOW), 3, words)
        self.ok(site.run("export", "user"))  # the command line's names take their place
        self.refused(site.run("export", "--out", site.db + "-csv", "usr"), 2, "'usr', did you mean user")
        self.assertFalse(os.path.exists(site.db + "-csv"))
        fresh = self.site(NOWHERE, export={"tables": "userr"})
        self.refused(fresh.extract(), 3, r"\[export\] tables.*did you mean user")
        self.assertFalse(os.path.exists(fresh.db))

    def test_a_view_of_ones_own_is_a_table(self):
        site = self.filled()
        site.change("CREATE VIEW our_view AS SELECT count(*) AS n FROM user")
        site.set(export={"tables": "our_view"})
        self.ok(site.extract("--until", NOW))
        self.assertEqual(sorted(os.listdir(site.export())), ["manifest.json", "our_view.csv"])


class Places(CommandLine):
    def test_a_file_of_others_stays_as_it_is_and_gets_no_lock_file(self):
        cases = ((lambda site: Path(site.db).write_text("shopping list: milk\n" * 100, encoding="ascii"), "no database|not"),
                 (lambda site: site.change("CREATE TABLE t (a); INSERT INTO t VALUES (1)"), "not.*rollcall"),
                 (lambda site: site.change("CREATE TABLE t (a); PRAGMA application_id = 1919705964; "
                                           "PRAGMA user_version = 9998"), "newer"))
        for make, words in cases:
            site = self.site(NOWHERE)
            make(site)
            before = Path(site.db).read_bytes()
            self.refused(site.extract("--until", NOW), 9, re.escape(site.db), words)
            self.assertEqual(sorted(os.listdir(site.directory)), ["rollcall.db", "rollcall.ini"])
            self.assertEqual(Path(site.db).read_bytes(), before)

    def test_a_directory_that_is_missing_or_closed(self):
        site = self.site(NOWHERE, database={"path": "/nonexistent/there/rollcall.db"})
        self.refused(site.extract("--until", NOW), 9, "/nonexistent/there")
        site = self.site(NOWHERE)
        os.chmod(site.config, 0o644)
        os.chmod(site.directory, 0o555)
        self.addCleanup(os.chmod, site.directory, 0o755)
        self.refused(site.extract("--until", NOW, before=AS_NOBODY), 9, site.directory)
        site = self.filled()  # there, and to be written: the lock file cannot be made
        os.remove(site.db + ".lock")
        os.chmod(site.config, 0o644)
        os.chmod(site.db, 0o666)
        os.chmod(site.directory, 0o555)
        self.addCleanup(os.chmod, site.directory, 0o755)
        self.refused(site.extract("--until", NOW, before=AS_NOBODY), 9, r"\.lock: Permission denied; the user that runs rollcall")

    def test_reading_commands_without_a_database(self):
        site = self.site(NOWHERE)
        for arguments in (("export", "--out", site.directory + "/out"), ("query", "freshness"), ("status",)):
            self.refused(site.run(*arguments), 9, site.db)
            self.assertFalse(os.path.exists(site.db))

    def test_a_database_must_be_a_file(self):
        site = self.site(self.standin(now=NOW).url)
        for path in (":memory:", "", site.directory, site.directory + "/"):
            site.set(database={"path": path})
            for command in ("extract", "status"):
                self.refused(site.run(command), 3, r"rollcall.ini:\d+: \[database\] path")
        self.assertEqual(os.listdir(site.directory), ["rollcall.ini"])


class Output(CommandLine):
    COMMANDS = (("query", "freshness"), ("query", "freshness", "--csv"), ("query", "freshness", "--json"),
                ("query",), ("status",), ("status", "--json"), ("--help",), ("export", "--help"), ("--version",),
                ("--exit-codes",), ("--limits",), ("--commands",))

    def test_a_full_disk_is_an_error_a_reader_that_goes_away_is_none(self):
        site = self.filled()
        for command in self.COMMANDS:
            with self.subTest(command=command):
                with open("/dev/full", "w", encoding="ascii") as full:
                    self.refused(site.run(*command, stdout=full), 9, "cannot write the output")
                there, here = os.pipe()
                os.close(there)
                result = site.run(*command, stdout=here)
                os.close(here)
                self.assertEqual((result.returncode, result.stderr), (1 if command[0] == "status" else 0, ""))
                self.refused(site.run(*command, before=("sh", "-c", 'exec "$@" >&-', "sh")), 9, "standard output is closed")

    def test_it_ends_as_soon_as_the_reader_is_gone(self):
        """`rollcall query ... | head -1`, with more rows than a pipe holds."""
        site = self.filled(per_day=400)
        self.assertGreater(len(site.run("query", "queue_halfhour", "--csv").stdout), 70000)
        for form in ("--csv", "--json"):
            with subprocess.Popen(site.command("query", "queue_halfhour", form), env=site.environment(),
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                process.stdout.readline()
                process.stdout.close()
                self.assertEqual(process.stderr.read(), b"")
                self.assertEqual(process.wait(60), 0)

    def test_a_pager_as_git_has_it(self):
        site = self.filled(per_day=400)  # more rows than a pipe holds
        every_line = "sed s/^/P:/"
        cases = (({"PAGER": every_line}, "query freshness", "^P:stream"), ({"PAGER": every_line}, "status", "^/"),
                 ({"PAGER": every_line}, "query", "^P:abandoned"), ({"PAGER": every_line}, "query freshness --csv", "^stream"),
                 ({"PAGER": every_line}, "status --json", "^{"), ({"PAGER": every_line}, "--no-pager query freshness", "^stream"),
                 ({"PAGER": "false", "ROLLCALL_PAGER": every_line}, "query freshness", "^P:stream"),
                 ({"PAGER": every_line, "ROLLCALL_PAGER": ""}, "query freshness", "^stream"),
                 ({"PAGER": every_line, "TERM": "dumb"}, "query freshness", "^stream"),
                 ({"PAGER": "no-such-program -x"}, "query freshness", "not found\r\nstream.*rows\)"),
                 ({"PAGER": "echo =$LESS=$GENESYS_CLIENT_SECRET="}, "query freshness", "^=FRX==\r\n$"),
                 ({"PAGER": "head -1"}, "query queue_halfhour", "^half_hour[^\n]*\n$"))
        for settings, words, seen in cases:
            env = {**site.environment(TERM="xterm", GENESYS_CLIENT_SECRET="x"), **settings}
            if "ROLLCALL_PAGER" not in settings:
                del env["ROLLCALL_PAGER"]
            with self.subTest(settings, words=words):
                text, code = at_terminal(site.command(*words.split()), env)
                self.assertRegex(text, "(?s)" + seen)
                self.assertEqual(code, 1 if "status" in words else 0)
                self.assertNotIn("P:", self.ok(run(site.command(*words.split()), env=env), code).stdout)


class Readers(CommandLine):
    """Users who may read the file but write neither to it nor beside it."""

    def as_reader(self, site, *arguments):
        return site.run(*arguments, before=AS_NOBODY, cwd="/")

    def readable(self, directory_mode=0o755, db_mode=0o644):
        site = self.filled()
        out = self.directory()
        for path, mode in ((out, 0o777), (site.config, 0o644), (site.db, db_mode), (site.directory, directory_mode)):
            os.chmod(path, mode)
        self.addCleanup(os.chmod, site.directory, 0o755)
        return site, os.path.join(out, "csv")

    def reads(self, site, out):
        before = sorted(os.listdir(site.directory))
        self.assertIn("conversations", self.ok(self.as_reader(site, "query", "freshness")).stdout)
        self.ok(self.as_reader(site, "status", "--json"), 1)
        self.ok(self.as_reader(site, "export", "--out", out))
        self.assertEqual(sorted(os.listdir(site.directory)), before)

    def test_nobody_writes(self):
        self.reads(*self.readable(0o555, 0o444))

    def test_no_file_of_the_readers_stays_beside_the_database(self):
        """In a directory that all may write to: a WAL index of the reader's would shut the writer out."""
        site, out = self.readable(0o777, 0o444)
        self.reads(site, out)
        os.remove(site.db + ".lock")  # nor one of a run that may not write it, which is well when it may
        self.refused(self.as_reader(site, "extract", "--until", NOW), 9, "cannot be written; allow")
        self.assertEqual({name[-4:] for name in os.listdir(site.directory)} & {"-wal", "-shm"}, set())
        os.chmod(site.db, 0o666)
        self.ok(self.as_reader(site, "extract", "--until", NOW))

    def test_a_run_is_under_way(self):
        site, out = self.readable()
        writer = sqlite3.connect(site.db, isolation_level=None)
        self.addCleanup(writer.close)
        writer.execute("DELETE FROM queue")
        os.chmod(site.directory, 0o555)
        os.chmod(site.db, 0o444)
        self.reads(site, out)
        self.ok(self.as_reader(site, "export", "--out", out, "queue"))
        self.assertEqual(Path(out, "queue.csv").read_text(encoding="utf-8").count("\n"), 1)

    @unittest.skipUnless(AS_NOBODY, "only root leaves a directory that its next user may not enter")
    def test_a_closed_directory_is_none_to_look_in(self):
        """`sudo -u rollcall rollcall status`, typed in a home of one's own."""
        site, _ = self.readable()
        closed, home = self.directory(), self.directory()
        os.mkdir(home + "/rollcall")
        shutil.copy(site.config, home + "/rollcall")
        for path, mode in ((closed, 0o700), (home, 0o755), (home + "/rollcall", 0o755)):
            os.chmod(path, mode)
        status = functools.partial(run, [*AS_NOBODY, ROLLCALL, "status"], cwd=closed, env={"XDG_CONFIG_HOME": home})
        self.assertIn(site.db, self.ok(status(), 1).stdout)
        os.chmod(site.directory, 0o700)
        self.refused(status(), 9, "this user may not enter its directory")

    def test_what_is_missing_is_said_in_a_sentence(self):
        site, out = self.readable(db_mode=0)
        for command in (("status",), ("query", "freshness"), ("export", "--out", out)):
            result = self.as_reader(site, *command)
            self.refused(result, 9, "may not read it; give the user that right")
            self.assertNotRegex(result.stderr, "PRAGMA|SELECT|BEGIN")

    def test_a_log_without_its_index(self):
        """Who may not write can read one that is empty; what a killed run left there only who may write."""
        site, out = self.readable()
        Path(site.db + "-wal").touch(0o644)
        os.chmod(site.directory, 0o555)
        self.reads(site, out)
        Path(site.db + "-wal").write_text("left behind", encoding="ascii")
        self.refused(self.as_reader(site, "status"), 9, "a run that was cut off left")


class Together(CommandLine):
    def test_runs_that_begin_together(self):
        """On a new file, and on the first days after, when zone_offset grows."""
        server = self.standin(now=NOW)
        for _ in range(40 if FULL else 12):
            site = self.site(server.url)
            for until in ("2026-03-02T00:00:01Z", "2026-03-03T00:00:01Z", "2026-03-04T00:00:01Z"):
                for process in [site.start_process("extract", "--stream", name, "--until", until)
                                for name in ("queues", "users")]:
                    out, errors = process.communicate(timeout=120)
                    self.assertEqual(process.returncode, 0, out + errors)
