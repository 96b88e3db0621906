"""What is installed: by `make install`, as a Debian package, and the man pages. The packaged program does its job."""
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from harness import ROOT, TestCase, csv_bytes, run

BUILD = os.path.relpath(os.environ.get("BUILD", str(ROOT / "build")), ROOT)
VERSION = (ROOT / "VERSION").read_text(encoding="utf-8").strip()
NOW = "2026-03-02T06:00:00Z"

if os.environ.get("ROLLCALL_SANITIZED"):
    raise unittest.SkipTest("packages are made of the plain build")


def make(*arguments):
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    return subprocess.run(["make", "--no-print-directory", "BUILD=" + BUILD, *arguments], cwd=ROOT, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def files_below(directory):
    return sorted(str(p.relative_to(directory)) for p in Path(directory).rglob("*") if not p.is_dir())


def is_debian():
    return os.path.exists("/etc/debian_version") and shutil.which("dpkg-deb") and shutil.which("dpkg-shlibdeps")


class Install(TestCase):
    def test_install_and_uninstall(self):
        root = self.directory()
        where = ("DESTDIR=" + root, "PREFIX=/opt/rc")
        done = make(*where, "install")
        self.assertEqual(done.returncode, 0, done.stdout)
        prefix = Path(root) / "opt" / "rc"
        for name in ("bin/rollcall", "share/man/man1/rollcall.1", "share/man/man5/rollcall.ini.5",
                     "share/bash-completion/completions/rollcall", "share/zsh/site-functions/_rollcall",
                     "lib/systemd/system/rollcall.timer", "lib/sysusers.d/rollcall.conf",
                     "share/doc/rollcall/examples/rollcall.cron"):
            self.assertTrue((prefix / name).is_file(), name)
        for unit in ("rollcall", "rollcall-adherence"):
            text = (prefix / f"lib/systemd/system/{unit}.service").read_text(encoding="utf-8")
            self.assertLessEqual(set(re.findall(r"^ExecStart=(\S+)", text, re.M)),
                                 {"/opt/rc/bin/rollcall", "/opt/rc/lib/rollcall/night"})
        text = run([str(prefix / "bin/rollcall"), "--version"], check=True)
        self.assertEqual(text.stdout, f"rollcall {VERSION}\n")
        done = make(*where, "uninstall")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(files_below(root), [])


class ManPages(TestCase):
    def setUp(self):
        done = run([str(ROOT / "packaging" / "ini-man.sh"), VERSION],
                   input=(ROOT / "config.example.ini").read_text(encoding="utf-8"), check=True)
        self.configuration = done.stdout

    def test_configuration_page_names_each_key(self):
        table = (ROOT / "src" / "io" / "config.txt").read_text(encoding="utf-8")
        keys = re.findall(r"^[A-Z_]+ +([a-z]+) +(\w+) ", table, re.M)
        self.assertGreaterEqual(len(keys), 24)
        section, named = "", []
        for line in self.configuration.splitlines():
            section = line[5:-1] if line.startswith(".SS [") else section
            key = re.match(r"\\fB(\w+)\\fR =", line)
            if key:
                named.append((section, key.group(1)))
        self.assertEqual(sorted(named), sorted(keys))

    @unittest.skipUnless(shutil.which("groff"), "no groff here")
    def test_pages_are_well_formed(self):
        for text in (self.configuration, (ROOT / "docs" / "rollcall.1").read_text(encoding="utf-8")):
            done = run(["groff", "-man", "-ww", "-z", "-Tutf8"], input=text)
            self.assertEqual((done.returncode, done.stderr), (0, ""))


@unittest.skipUnless(is_debian(), "no dpkg-deb or dpkg-shlibdeps here")
class Deb(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Path(cls.shared().directory()) / "root"
        done = make("deb")
        if done.returncode != 0:
            raise AssertionError(done.stdout)
        cls.package = ROOT / done.stdout.splitlines()[-1]
        subprocess.run(["dpkg-deb", "-x", str(cls.package), str(cls.root)], check=True)
        subprocess.run(["dpkg-deb", "-e", str(cls.package), str(cls.root.parent / "control")], check=True)
        cls.program = str(cls.root / "usr" / "bin" / "rollcall")

    def test_control(self):
        text = (self.root.parent / "control" / "control").read_text(encoding="utf-8")
        fields = dict(re.findall(r"^(\S+): (.*)$", text, re.M))
        self.assertNotIn("@", re.sub("<.*>", "", text))
        self.assertEqual((fields["Package"], fields["Version"]), ("rollcall", VERSION))
        self.assertEqual(self.package.name, f"rollcall_{VERSION}_{fields['Architecture']}.deb")
        for library in ("libc6", "libcurl", "libssl3", "libsqlite3-0", "libxxhash0", "libxlsxwriter"):
            self.assertIn(library, fields["Depends"])
        self.assertTrue((self.root / "usr/lib/rollcall/libyyjson.so.0").exists() != ("libyyjson" in fields["Depends"]))

    def test_files(self):
        control = self.root.parent / "control"
        for line in (control / "md5sums").read_text(encoding="utf-8").splitlines():
            digest, name = line.split("  ")
            self.assertEqual(hashlib.md5((self.root / name).read_bytes()).hexdigest(), digest, name)
        for name in (control / "conffiles").read_text(encoding="utf-8").split():
            self.assertTrue((self.root / name[1:]).is_file(), name)
        for page in ("man1/rollcall.1.gz", "man5/rollcall.ini.5.gz"):
            with gzip.open(self.root / "usr/share/man" / page, "rt", encoding="utf-8") as f:
                self.assertTrue(f.readline().startswith(".TH ROLLCALL"))
        for unit in (self.root / "usr/lib/systemd/system").glob("*.service"):
            for program in re.findall(r"^ExecStart=(\S+)", unit.read_text(encoding="utf-8"), re.M):
                self.assertTrue(os.access(self.root / program[1:], os.X_OK), program)
        self.assertFalse([name for name in files_below(self.root) if "/local/" in name])

    @unittest.skipUnless(shutil.which("systemd-sysusers") and os.getuid() == 0, "no systemd-sysusers here, or not root")
    def test_account(self):
        root = self.root.parent / "machine"
        shutil.copytree(self.root / "usr/lib/sysusers.d", root / "usr/lib/sysusers.d")
        os.mkdir(root / "etc")
        done = run(["systemd-sysusers", f"--root={root}", "rollcall.conf"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex((root / "etc/passwd").read_text(encoding="utf-8"), r"(?m)^rollcall:.*:/var/lib/rollcall:")

    def test_configuration_of_the_package(self):
        config = self.root / "etc/rollcall/rollcall.ini"
        text = config.read_text(encoding="utf-8")
        self.assertIn("\npath = /var/lib/rollcall/rollcall.db\n", text)
        self.assertIn("\ndirectory = /var/lib/rollcall/csv\n", text)
        env = {k: v for k, v in os.environ.items() if not k.startswith("GENESYS_")}
        done = run([self.program, "-c", str(config), "extract"], env=env)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("region", done.stderr)

    def test_smoke(self):
        self.assertEqual(run([self.program, "--version"], check=True).stdout, f"rollcall {VERSION}\n")
        linked = run(["ldd", self.program], check=True).stdout
        self.assertNotIn("not found", linked)
        server = self.standin(start="2026-03-01", days=1, per_day=20, agents=5, now=NOW)
        box = self.site(server.url)
        box.command = lambda *arguments: [self.program, "-c", box.config, *arguments]
        self.ok(box.extract("--until", NOW))
        self.assertEqual(box.value("SELECT count(*) FROM conversation"), len(server.truth("2026-03-01T00:00:00Z")))
        self.assertGreater(len(csv_bytes(box.export())), 20)
