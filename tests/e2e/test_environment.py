"""What others could put in the program's way: variables of its environment, files where it looks for its own."""
import os
import platform
import shutil
import subprocess
import unittest
from pathlib import Path

from broken import Certificates, CloudHandler, serve, tls_context
from harness import ROLLCALL, TestCase, run

WEAK = """openssl_conf = all
[all]
ssl_conf = tls
[tls]
system_default = weak
[weak]
CipherString = DEFAULT@SECLEVEL=0
"""


class Variables(TestCase):
    def test_session_keys_are_not_logged(self):
        site = self.site(self.standin(days=1, per_day=2).url)
        out = self.ok(site.run("extract", "--until", "2026-03-01", env={"SSLKEYLOGFILE": site.db + ".keys"}))
        self.assertIn("session keys are not logged", out.stderr)
        self.assertFalse(os.path.exists(site.db + ".keys"))

    def test_weak_keys_stay_refused(self):
        """An OpenSSL configuration that admits them does not; with a strong key the login is reached."""
        directory = Path(self.directory())
        made = Certificates(directory)
        made.run("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-days", "30", "-keyout", "weak.key", "-out", "weak.pem",
                 "-subj", "/CN=weak", "-addext", "subjectAltName=IP:127.0.0.1")
        (directory / "openssl.cnf").write_text(WEAK, encoding="ascii")
        for name, pair, ca, code in (("weak", (made.path("weak.pem"), made.path("weak.key")), made.path("weak.pem"), 7),
                                     ("good", made.good, made.ca, 4)):
            context = tls_context(made.good)
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.load_cert_chain(*pair)
            server = serve(self, CloudHandler, context, answers={}, seen=[])
            site = self.site(f"https://127.0.0.1:{server.port}")
            site.set(genesys={"ca_file": ca})
            out = site.run("check", "--json", env={"OPENSSL_CONF": directory / "openssl.cnf"})
            self.assertEqual("too weak" in out.stdout or "too small" in out.stdout, name == "weak", out.stdout)
            self.ok(out, code)


class Files(TestCase):
    def test_a_configuration_of_others(self):
        for mode, code in ((0o600, 9), (0o644, 9), (0o664, 3), (0o646, 3)):
            directory = self.directory()
            path = os.path.join(directory, "rollcall.ini")
            Path(path).write_text("[database]\npath = absent.db\n", encoding="ascii")
            os.chmod(path, mode)
            out = run([ROLLCALL, "status"], cwd=directory)
            self.ok(out, code)
            self.assertEqual("./rollcall.ini: other users may write" in out.stderr, code == 3, out.stderr)
            self.ok(run([ROLLCALL, "-c", path, "status"]), 9)

    def test_where_no_configuration_is_found_that_is_said(self):
        directory = self.directory()
        for command, code in (("status", 9), ("export", 9), ("check", 3), ("extract", 3)):
            out = self.ok(run([ROLLCALL, command], cwd=directory, env={**os.environ, "HOME": directory, "XDG_CONFIG_HOME": directory}), code)
            self.assertRegex(" ".join((out.stdout + out.stderr).split()), "no configuration file|configuration file does not exist")
            self.assertRegex(out.stdout + out.stderr, "-c FILE|rollcall init")

    def test_a_pipe_does_not_hang_the_start(self):
        env = {**os.environ, "ROLLCALL_LIMIT_CONFIG_MS": "200"}
        for name in (".env", "rollcall.ini"):
            directory = self.directory()
            os.mkfifo(os.path.join(directory, name), 0o600)
            out = run([ROLLCALL, "check"], cwd=directory, env=env, timeout=30)
            self.ok(out, 3)
            self.assertIn(f"cannot read {name}: nothing comes from it", " ".join((out.stdout + out.stderr).split()))

    def test_a_pipe_with_a_writer_is_read(self):
        out = subprocess.run(["bash", "-c", "\"$0\" -c <(sleep 0.3; echo '[database]'; sleep 0.3; echo 'path = a.db') status", ROLLCALL],
                             cwd=self.directory(), capture_output=True, text=True, timeout=30, check=False)
        self.ok(out, 9)
        self.assertIn("a.db: no such database", out.stderr)


class Program(TestCase):
    @unittest.skipUnless(platform.machine() == "x86_64" and shutil.which("objdump"), "no x86-64, or no objdump")
    def test_it_is_built_hardened(self):
        """Calls land where they may, and a large frame touches each page of the stack."""
        code = self.ok(run(["objdump", "-d", "--no-show-raw-insn", ROLLCALL])).stdout
        if "__asan_" in code:
            self.skipTest("built with sanitizers")
        self.assertRegex(code, r"<main>:\n.*endbr64")
        self.assertRegex(code, r"sub +\$0x1000,%rsp\n.*or[ql]? +\$0x0,")
