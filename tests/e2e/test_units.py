"""What starts the program unattended: systemd units, cron lines, logrotate."""
import getpass
import grp
import os
import re
import shutil
import tempfile
import unittest
from pathlib import Path

from harness import ROLLCALL, ROOT, TestCase, run

PACKAGING = ROOT / "packaging"
NOW = "2026-03-02T06:00:00Z"
# systemd-analyze rates a unit from 0 (shut) to 100 (open) here.
MOST_EXPOSED = 20


def values(unit, key):
    text = (PACKAGING / "systemd" / unit).read_text(encoding="utf-8")
    return re.findall(rf"^{key}=(.*)$", text, re.M)


class Units(TestCase):
    NAMES = ("rollcall.service", "rollcall.timer", "rollcall-adherence.service", "rollcall-adherence.timer")
    SERVICES = ("rollcall.service", "rollcall-adherence.service")

    def test_commands_parse(self):
        """Each command line is one the program knows: only the configuration is missing."""
        lines = [line for unit in self.SERVICES for line in values(unit, "ExecStart")]
        self.assertEqual(len(lines), 3)
        for line in lines:
            words = line.split()
            self.assertEqual(words[:3], ["/usr/local/bin/rollcall", "-c", "/etc/rollcall/rollcall.ini"])
            done = run([ROLLCALL, "-c", "/nonexistent/rollcall.ini", *words[3:]])
            self.assertEqual(done.returncode, 3, done.stderr)

    def test_exit_codes_exist(self):
        text = run([ROLLCALL, "--exit-codes"], check=True).stdout
        known = {line.split("\t")[1]: line.split("\t")[0] for line in text.splitlines()}
        prevented = values("rollcall.service", "RestartPreventExitStatus")[0].split()
        names = "usage config auth permission contract store bug".split()
        self.assertEqual(prevented, [known[name] for name in names])
        self.assertEqual(values("rollcall-adherence.service", "SuccessExitStatus"), [known["locked"]])

    def test_services_share_their_hardening(self):
        def hardening(unit):
            text = (PACKAGING / "systemd" / unit).read_text(encoding="utf-8")
            return text[text.index("# What it may do"):]

        self.assertEqual(*map(hardening, self.SERVICES))
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
            (directory / unit).write_text(text.replace("/usr/local/bin/rollcall", shutil.which("true")))
        done = run(["systemd-analyze", "verify", "--man=no", *(str(directory / u) for u in self.NAMES)])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for unit in self.SERVICES:
            done = run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}",
                       str(directory / unit)])
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @unittest.skipIf(os.environ.get("ROLLCALL_SANITIZED"), "sanitizers make calls of their own")
    @unittest.skipUnless(shutil.which("systemd-analyze") and shutil.which("strace"), "no systemd-analyze or strace here")
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


class Cron(TestCase):
    def setUp(self):
        text = (PACKAGING / "rollcall.cron").read_text(encoding="utf-8")
        found = re.findall(r"^(\S+ +\S+ +\S+ +\S+ +\S+) +rollcall +(.*)$", text, re.M)
        self.times = [times for times, _ in found]
        self.lines = [line for _, line in found]
        self.assertEqual(len(self.lines), 2)

    def mail_of(self, box, line):
        """What cron would mail: the line's output, run by sh as cron runs it."""
        bin_directory = os.path.join(box.directory, "bin")
        if not os.path.exists(bin_directory):
            os.mkdir(bin_directory)
            os.symlink(ROLLCALL, os.path.join(bin_directory, "rollcall"))
        line = line.replace("/var/lib/rollcall", box.directory)
        done = run(["/bin/sh", "-c", line], cwd="/",
                   env=box.environment(PATH=bin_directory + ":/usr/bin:/bin", LOG=box.directory + "/log"))
        return done.stdout + done.stderr

    def test_quiet_when_well_mails_when_not(self):
        server = self.standin(start="2026-03-01", days=1, per_day=5, agents=3, now=NOW)
        box = self.site(server.url)
        for line in reversed(self.lines):
            self.assertEqual(self.mail_of(box, line), "")
        self.assertTrue(os.path.exists(box.directory + "/csv/manifest.json"))
        self.assertGreater(os.path.getsize(box.directory + "/log"), 0)
        server.control(deny=["/api/v2/"])
        for line in self.lines:
            self.assertIn("permission", self.mail_of(box, line))

    def test_times(self):
        self.assertEqual(self.times, ["30 2 * * *", "*/5 * * * *"])
        self.assertEqual(values("rollcall.timer", "OnCalendar"), ["*-*-* 02:30:00"])
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


if __name__ == "__main__":
    unittest.main()
