"""`rollcall init`: from nothing to a configuration that `check` has tried."""
import os
import pty
import re
import select
import stat
import termios
import unittest

from harness import CLIENT_ID, CLIENT_SECRET, ROLLCALL, TestCase, run

NOW = "2026-03-02T06:00:00Z"


class Init(TestCase):
    def setUp(self):
        self.server = self.standin(start="2026-03-01", days=1, per_day=5, agents=3, now=NOW)
        self.place = os.path.join(self.directory(), "a contact centre's $HOME, 100%")
        os.mkdir(self.place)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("GENESYS_", "TZ"))}
        self.config = os.path.join(self.place, "rollcall.ini")
        self.secret = os.path.join(self.place, "client_secret")

    def init(self, *more, code=0, region=None, env=None, **options):
        done = run([ROLLCALL, "-c", "rollcall.ini", "init", "--region", region or self.server.url, "--client-id", CLIENT_ID,
                    "--start", "2026-03-01", *more], cwd=self.place, env={**self.env, **(env or {})}, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn(CLIENT_SECRET, done.stdout + done.stderr)
        return done

    def shell(self, line):
        done = run(["/bin/sh", "-c", line], cwd="/", env={"PATH": "/usr/bin:/bin"})
        return done.stdout + done.stderr

    def cron(self, line):
        """What it would mail."""
        return self.shell(re.sub(r"(?<!\\)%.*", "", line).replace("\\%", "%"))

    def assert_ready(self, zone):
        self.assertEqual([stat.S_IMODE(os.stat(path).st_mode) for path in (self.config, self.secret)], [0o640, 0o600])
        with open(self.config, encoding="utf-8") as f:
            text = f.read()
        self.assertIn(f"timezone = {zone}\n", text)
        self.assertNotIn(CLIENT_SECRET, text)
        done = run([ROLLCALL, "-c", self.config, "extract", "--stream", "users"], cwd="/", env=self.env)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(os.path.exists(os.path.join(self.place, "rollcall.db")))

    def test_without_a_terminal(self):
        source = os.path.join(self.place, "source")
        with open(source, "w", encoding="utf-8") as f:
            f.write(CLIENT_SECRET + "\n")
        for given in ({"input": CLIENT_SECRET + "\r\n", "env": {"GENESYS_CLIENT_SECRET": ""}},
                      {"env": {"GENESYS_CLIENT_SECRET": CLIENT_SECRET, "GENESYS_CLIENT_ID": "another"}, "input": ""},
                      {"more": ("--client-secret-file", source), "input": "not this", "env": {"GENESYS_CLIENT_SECRET": "nor this"}}):
            with self.subTest(given):
                done = self.init(*given.pop("more", ()), "--timezone", "Asia/Seoul", "--force", **given)
                self.assert_ready("Asia/Seoul")
        lines = re.search(r"First extraction: +(.*)\n.*\n  32 4 \* \* \* +(.*)\n  \*/5 \* \* \* \* +(.*)\n$", done.stdout).groups()
        for line, runs in zip(lines, (self.shell, self.cron, self.cron)):  # all days up to now would take long
            self.assertEqual(runs(re.sub(r"extract(?! --stream)", "extract --stream users", line)), "")
        with open(self.secret, "w", encoding="utf-8") as f:
            f.write("wrong")
        self.assertIn("secret", self.cron(lines[2]))

    def test_the_machines_zone_is_the_default(self):
        self.init(input=CLIENT_SECRET, env={"TZ": "America/New_York"})
        self.assert_ready("America/New_York")

    def test_nothing_is_written_over_unasked(self):
        for path in (self.config, self.secret):
            with open(path, "w", encoding="utf-8") as f:
                f.write("mine")
            self.assertIn("--force", self.init(code=2, input=CLIENT_SECRET).stderr)
            self.assertEqual([name for name in os.listdir(self.place)], [os.path.basename(path)])
            os.remove(path)

    def test_what_is_wrong_is_said_before_anything_is_written(self):
        for more, said in ((("--start", "2999-01-01"), "not come"), (("--start", "soon"), "YYYY-MM-DD"),
                           (("--timezone", "Asia/Soul"), "Asia/Seoul"), (("--region", "ap-northeast-9"), "ap-northeast-"),
                           (("--client-id", "a b"), "one word"), (("--database", ""), "path"), (("--database", "~/x"), "whole path"),
                           (("--secret-out", "rollcall.ini", "--force"), "another file for the secret")):
            with self.subTest(more):
                self.assertIn(said, self.init(*more, code=2, input=CLIENT_SECRET).stderr)
        self.assertIn("secret", self.init(code=2, input="").stderr)
        done = run([ROLLCALL, "init"], cwd=self.place, env=self.env, input="")
        self.assertEqual(done.returncode, 2)
        self.assertIn("region", done.stderr)
        self.assertEqual(os.listdir(self.place), [])

    def test_a_failed_check_is_its_exit_code_and_what_was_written_stays(self):
        done = self.init("--secret-out", "kept", code=4, input="wrong")
        self.assertIn("FAILED   login", self.shell(re.search("When it is mended:  (.*)\n$", done.stdout)[1]))
        self.assertEqual(sorted(os.listdir(self.place)), ["kept", "rollcall.ini"])
        self.assertIn(f'client_secret_file = "{self.place}/kept"', open(self.config, encoding="utf-8").read())

    @unittest.skipUnless(os.geteuid() == 0, "root alone gives files away")
    def test_root_gives_the_files_to_whom_the_directory_belongs(self):
        os.chown(self.place, 1234, 4321)
        self.init(input=CLIENT_SECRET)
        self.assertEqual({(os.stat(p).st_uid, os.stat(p).st_gid) for p in (self.config, self.secret)}, {(1234, 4321)})

    def converse(self, *asked):
        """What init says at a terminal that answers it, its exit code, and whether the terminal echoes again."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.place)
            os.execve(ROLLCALL, [ROLLCALL, "-c", "rollcall.ini", "init"], {**self.env, "TZ": "Asia/Seoul", "TERM": "xterm"})
        kept, seen = os.dup(terminal), ""
        for question, answer in asked:
            while not re.search(question + ".*: $", seen.replace("\r", ""), re.S):
                self.assertTrue(select.select([terminal], [], [], 60)[0], seen)
                seen += os.read(terminal, 4096).decode()
            os.write(terminal, answer.encode() + b"\n")
            seen = seen[len(seen):]
        try:
            while data := os.read(terminal, 4096):
                seen += data.decode()
        except OSError:
            pass
        echoes = bool(termios.tcgetattr(kept)[3] & termios.ECHO)
        os.close(kept)
        os.close(terminal)
        return seen, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), echoes

    def test_at_a_terminal(self):
        """Each question in its turn; a wrong answer is asked again; the secret is not echoed."""
        asked = (("Region", "nowhere at all"), ("Region", self.server.url), ("client id", CLIENT_ID), ("First day", "2026-03-01"),
                 ("Time zone.*Asia/Seoul", ""), ("database.*rollcall.db", ""))
        seen, code, echoes = self.converse(*asked, ("secret", "\x03"))
        self.assertEqual((code, echoes, os.listdir(self.place)), (12, True, []), seen)
        seen, code, _ = self.converse(*asked, ("secret", CLIENT_SECRET))
        self.assertEqual(code, 0, seen)
        self.assertNotIn(CLIENT_SECRET, seen)
        self.assertIn("First extraction", seen)
        self.assert_ready("Asia/Seoul")
