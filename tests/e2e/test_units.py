"""What starts the program unattended: systemd units, cron lines, logrotate."""
import contextlib
import getpass
import grp
import os
import re
import shlex
import shutil
import sqlite3
import tempfile
import unittest
from pathlib import Path

from harness import ROLLCALL, ROOT, TestCase, needs, run, wait_until

PACKAGING = ROOT / "packaging"
NOW = "2026-03-02T06:00:00Z"
# systemd-analyze rates a unit from 0 (shut) to 100 (open) here.
MOST_EXPOSED = 20


def values(unit, key):
    text = (PACKAGING / "systemd" / unit).read_text(encoding="utf-8")
    return re.findall(rf"^{key}=(.*)$", text, re.M)


class Units(TestCase):
    NAMES = ("rollcall.service", "rollcall.timer", "rollcall-adherence.service", "rollcall-adherence.timer",
             "rollcall-check.service")
    SERVICES = ("rollcall.service", "rollcall-adherence.service", "rollcall-check.service")

    def test_commands_parse(self):
        """Each command line is one the program knows: only the configuration is missing."""
        lines = [line for unit in self.SERVICES for line in values(unit, "ExecStart")]
        self.assertEqual(lines[0], "/usr/local/lib/rollcall/night -c /etc/rollcall/rollcall.ini")
        self.assertEqual(len(lines), 3)
        for line in lines[1:]:
            words = line.split()
            self.assertEqual(words[:3], ["/usr/local/bin/rollcall", "-c", "/etc/rollcall/rollcall.ini"])
            done = run([ROLLCALL, "-c", "/nonexistent/rollcall.ini", *words[3:]])
            self.assertEqual(done.returncode, 3, done.stderr)

    def test_exit_codes_exist(self):
        text = run([ROLLCALL, "--exit-codes"], check=True).stdout
        known = {line.split("\t")[1]: line.split("\t")[0] for line in text.splitlines()}
        prevented = values("rollcall.service", "RestartPreventExitStatus")[0].split()
        names = "behind usage config auth permission rate contract store partial mismatch bug".split()
        self.assertEqual(prevented, [*(known[name] for name in names), "126", "127"], "those of the shell last")
        self.assertEqual(values("rollcall-adherence.service", "SuccessExitStatus"), [known["locked"]])

    def test_services_share_their_hardening(self):
        def hardening(unit):
            text = (PACKAGING / "systemd" / unit).read_text(encoding="utf-8")
            return text[text.index("# What it may do"):]

        self.assertEqual(len(set(map(hardening, self.SERVICES))), 1)
        for line in ("ProtectSystem=strict", "NoNewPrivileges=yes", "PrivateTmp=yes", "MemoryDenyWriteExecute=yes"):
            self.assertIn(line + "\n", hardening("rollcall.service"))
        for unit in self.SERVICES:
            self.assertEqual(values(unit, "LoadCredential"), ["client_secret:/etc/rollcall/client_secret"])
            self.assertEqual(values(unit, "StateDirectory"), ["rollcall"])

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze here")
    def test_verified_by_systemd(self):
        directory = Path(self.directory())
        for unit in self.NAMES:
            text = (PACKAGING / "systemd" / unit).read_text(encoding="utf-8")
            (directory / unit).write_text(re.sub("/usr/local/(bin/rollcall|lib/rollcall/night)", shutil.which("true"), text))
        done = run(["systemd-analyze", "verify", "--man=no", *(str(directory / u) for u in self.NAMES)])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for unit in self.SERVICES:
            done = run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}",
                       str(directory / unit)])
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @unittest.skipIf(os.environ.get("ROLLCALL_SANITIZED"), "sanitizers make calls of their own")
    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze here")
    @needs("strace")
    def test_system_calls_pass_the_filter(self):
        """Every system call of an extraction and an export is one that SystemCallFilter lets through."""
        server = self.standin(start="2026-03-01", days=1, per_day=5, agents=3, now=NOW)
        box = self.site(server.url)
        trace = os.path.join(box.directory, "trace")
        for command in (["extract", "--until", NOW], ["export"]):
            done = run(["strace", "-f", "-qq", "-A", "-o", trace, *box.command(*command)], env=box.environment(),
                       cwd=box.directory)
            self.assertEqual(done.returncode, 0, done.stderr)
        called = set(re.findall(r"^\d+ +(\w+)\(", Path(trace).read_text(errors="replace"), re.M))
        self.assertGreater(len(called), 20)
        allowed = self.members("@system-service") - self.members("@privileged") - self.members("@resources")
        as_root_alone = {"fchown"}  # SQLite gives its files to the owner of the directory
        self.assertEqual(called - allowed - as_root_alone, set())

    def members(self, group):
        text = run(["systemd-analyze", "syscall-filter", "--no-pager", group], check=True).stdout
        found = set()
        for word in re.findall(r"^    ([@\w-]+)$", text, re.M):
            found |= self.members(word) if word.startswith("@") else {word}
        return found


class Unattended(TestCase):
    """A night as it is started: by a line of sh, with nobody at a terminal."""

    def box(self):
        self.server = self.standin(start="2026-03-01", days=1, per_day=5, agents=3, now=NOW)
        box = self.site(self.server.url)
        text = (PACKAGING / "night.sh").read_text(encoding="utf-8")
        self.night = os.path.join(box.directory, "night")
        Path(self.night).write_text(text.replace("/usr/local/bin/rollcall", shlex.quote(ROLLCALL)), encoding="utf-8")
        os.chmod(self.night, 0o755)
        return box

    def sh(self, box, line):
        bin_directory = os.path.join(box.directory, "bin")
        if not os.path.exists(bin_directory):
            os.mkdir(bin_directory)
            os.symlink(ROLLCALL, os.path.join(bin_directory, "rollcall"))
            os.symlink(shutil.which("true"), os.path.join(bin_directory, "sleep"))
        line = line.replace("/var/lib/rollcall", box.directory).replace("/usr/local/lib/rollcall/night", self.night)
        return run(["/bin/sh", "-c", line], cwd="/",
                   env=box.environment(PATH=bin_directory + ":/usr/bin:/bin", LOG=box.directory + "/log"))


class Night(Unattended):
    NIGHT = "cd /var/lib/rollcall && exec /usr/local/lib/rollcall/night -c rollcall.ini"

    def test_what_was_read_is_exported_and_the_night_ends_as_it_was(self):
        box = self.box()
        self.server.control(deny=["/api/v2/routing/queues"])
        done = self.sh(box, self.NIGHT)
        self.assertEqual(done.returncode, 11, done.stderr)
        self.assertTrue(os.path.exists(box.directory + "/csv/manifest.json"))
        snapshot = box.directory + "/snapshot/rollcall.db"
        self.assertEqual(os.stat(snapshot).st_mode & 0o777, 0o640)
        self.assertEqual(os.stat(os.path.dirname(snapshot)).st_mode & 0o777, 0o750)
        self.assertEqual(os.stat(box.directory + "/report.html").st_mode & 0o777, 0o640)
        with contextlib.closing(sqlite3.connect(f"file:{snapshot}?mode=ro", uri=True)) as db:
            self.assertEqual(db.execute("PRAGMA journal_mode").fetchone()[0], "delete")
            self.assertGreater(db.execute("SELECT count(*) FROM conversation").fetchone()[0], 0)

    def test_what_differs_from_the_api_is_exported_too_and_what_a_budget_allowed(self):
        for code in (13, 6):
            self.exported(code)

    def test_a_night_that_found_a_stream_held_begins_once_more(self):
        self.exported(0, "[ -e said.once ] || { >said.once; exit 10; }")

    def exported(self, code, before=":"):
        box = self.site()
        program, self.night = os.path.join(box.directory, "rollcall"), os.path.join(box.directory, "night")
        Path(program).write_text(f'#!/bin/sh\n{before}\necho "$3" >>said\n[ "$3" != extract ] || exit {code}\n', encoding="utf-8")
        text = (PACKAGING / "night.sh").read_text(encoding="utf-8").replace("/usr/local/bin/rollcall", shlex.quote(program))
        Path(self.night).write_text(text, encoding="utf-8")
        os.chmod(program, 0o755)
        os.chmod(self.night, 0o755)
        self.assertEqual(self.sh(box, self.NIGHT).returncode, code)
        said = Path(box.directory, "said").read_text(encoding="ascii").split()
        self.assertLessEqual({"extract", "export", "snapshot", "report"}, set(said))

    def test_nothing_is_exported_where_nothing_was_read(self):
        box = self.box()
        self.server.control(deny=["/api/v2/"])
        self.assertEqual(self.sh(box, self.NIGHT).returncode, 5)
        self.assertFalse(os.path.exists(box.directory + "/csv"))
        self.assertFalse(os.path.exists(box.directory + "/report.html"))

    def test_an_export_that_fails_is_seen(self):
        box = self.box()
        Path(box.directory, "csv").write_text("no directory")
        self.assertEqual(self.sh(box, self.NIGHT).returncode, 9)
        self.assertTrue(os.path.exists(box.directory + "/snapshot/rollcall.db"))
        self.assertTrue(os.path.exists(box.directory + "/report.html"))


class Cron(Unattended):
    def setUp(self):
        text = (PACKAGING / "rollcall.cron").read_text(encoding="utf-8")
        found = re.findall(r"^(\S+ +\S+ +\S+ +\S+ +\S+) +rollcall +(.*)$", text, re.M)
        self.times = [times for times, _ in found]
        self.lines = [line for _, line in found]
        self.assertEqual(len(self.lines), 2)

    def mail_of(self, box, line):
        """What cron would mail: the line's output, run by sh as cron runs it."""
        done = self.sh(box, line)
        return done.stdout + done.stderr

    def test_quiet_when_well_mails_when_not(self):
        box = self.box()
        for line in reversed(self.lines):
            self.assertEqual(self.mail_of(box, line), "")
        self.assertTrue(os.path.exists(box.directory + "/csv/manifest.json"))
        self.assertGreater(os.path.getsize(box.directory + "/log"), 0)
        self.server.control(deny=["/api/v2/"])
        for line in self.lines * 2: # nothing of earlier runs
            mail = self.mail_of(box, line)
            self.assertIn("permission", mail)
            self.assertEqual(mail.count("rollcall: run "), 1)
            self.assertNotIn("level=", mail)

    def test_no_mail_when_another_run_is_at_work(self):
        box = self.box()
        self.ok(box.extract("--until", NOW))
        self.server.control(faults=["latency:ms=60000"])
        other = box.start_process("extract")
        self.addCleanup(other.communicate)
        self.addCleanup(other.kill)
        wait_until(lambda: box.value("SELECT count(*) FROM run") == 2)
        for line in self.lines:
            self.assertEqual(self.mail_of(box, line), "")

    def test_times(self):
        """Every night of every zone has them: no clock is changed between 04:00 and midnight."""
        self.assertEqual(self.times, ["32 4 * * *", "*/5 * * * *"], "the two hold one stream")
        self.assertEqual(values("rollcall.timer", "OnCalendar"), ["*-*-* 04:32:00"])
        self.assertEqual(values("rollcall-adherence.timer", "OnCalendar"), ["*:0/5"])
        self.assertFalse([line for line in self.lines if "%" in line], "cron makes a line end of %")


class Logrotate(TestCase):
    @unittest.skipUnless(shutil.which("logrotate"), "no logrotate here")
    def test_rotates(self):
        directory = self.directory()
        with tempfile.NamedTemporaryFile("w", dir=directory, suffix=".conf", delete=False) as config:
            text = (PACKAGING / "rollcall.logrotate").read_text(encoding="utf-8")
            group = grp.getgrgid(os.getgid()).gr_name
            text = text.replace("/var/log/rollcall", directory).replace("rollcall adm", f"{getpass.getuser()} {group}")
            config.write(text)
        log = Path(directory) / "rollcall.log"
        log.write_text("one line\n")
        done = run(["logrotate", "-f", "-s", directory + "/state", config.name])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual((log.stat().st_size, log.with_suffix(".log.1").read_text()), (0, "one line\n"))
