"""Exit codes and messages: login, permissions, bad input. One clear line, its exit code, and nothing changed."""
import os
import re
import subprocess
import unittest

from harness import AS_NOBODY, CLIENT_SECRET, ROLLCALL, TestCase

NOW = "2026-03-04T06:00:00Z"


def one_line(result):
    return [line for line in result.stderr.splitlines() if line.startswith("rollcall: ")]


class Login(TestCase):
    def refused(self, code, words, faults=(), **genesys):
        server = self.standin(now=NOW, faults=faults)
        site = self.site(server.url)
        site.set(genesys=genesys)
        site.env["ROLLCALL_LIMIT_RETRY_TOTAL_MS"] = "500"
        result = self.ok(site.extract("--until", NOW), code)
        for word in words:
            self.assertRegex(result.stderr, word)
        self.assertNotIn(CLIENT_SECRET, result.stderr)
        return result

    def test_wrong_secret(self):
        self.refused(4, ["secret", "SAML"], client_secret="not-the-secret")

    def test_unknown_client(self):
        self.refused(4, ["region", "client"], client_id="00000000-0000-4000-8000-00000000dead")

    def test_sign_in_page(self):
        self.refused(4, ["sign-in|HTML|web page"], faults=["login-html"])

    def test_login_server_error(self):
        self.refused(7, ["500|login"], faults=["login-500"])

    def test_fresh_token_refused(self):
        self.refused(4, ["token"], faults=["token-refuse"])

    def test_login_redirect_is_not_followed(self):
        self.refused(4, ["302", "sends elsewhere"], faults=["redirect:status=302,path=/oauth"])

    def test_nobody_listens(self):
        site = self.site("http://127.0.0.1:9")
        site.env["ROLLCALL_LIMIT_RETRY_TOTAL_MS"] = "200"
        self.ok(site.extract("--until", NOW), 7)


class Permissions(TestCase):
    def test_one_stream_denied(self):
        server = self.standin(now=NOW, deny="/api/v2/routing/queues")
        site = self.site(server.url)
        result = self.ok(site.extract("--until", NOW), 11)
        self.assertIn("routing:queue:view", result.stderr)
        self.assertGreater(site.value("SELECT count(*) FROM conversation"), 0)

    def test_only_stream_denied(self):
        server = self.standin(now=NOW, deny="/api/v2/routing/queues")
        site = self.site(server.url)
        result = self.ok(site.extract("--stream", "queues"), 5)
        self.assertIn("routing:queue:view", result.stderr)


class RateLimit(TestCase):
    def test_long_retry_after_stops_cleanly(self):
        server = self.standin(now=NOW, faults=["429:every=1,retry_after=huge,path=/api/v2/analytics"])
        site = self.site(server.url)
        self.ok(site.extract("--stream", "conversations", "--until", NOW), 6)
        server.control(faults=[])
        self.ok(site.extract("--stream", "conversations", "--until", NOW))

    def test_server_errors_outlast(self):
        server = self.standin(now=NOW, faults=["5xx:every=1,status=503,path=/api/v2/analytics"])
        site = self.site(server.url)
        site.env["ROLLCALL_LIMIT_RETRY_TOTAL_MS"] = "300"
        self.ok(site.extract("--stream", "conversations", "--until", NOW), 7)


class BadInput(TestCase):
    def config_error(self, words, text, code=3, *arguments):
        site = self.site("http://127.0.0.1:9")
        with open(site.config, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(site.config, 0o600)
        result = self.ok(site.run(*(arguments or ("extract",))), code)
        self.assertEqual(len(one_line(result)), 1, result.stderr)
        for word in words:
            self.assertRegex(result.stderr, word)
        self.assertFalse(os.path.exists(site.db))

    LOGIN = ("[genesys]\nlogin_url = http://127.0.0.1:9\napi_url = http://127.0.0.1:9\n"
             "client_id = a\nclient_secret = b\n")

    def test_config(self):
        cases = [
            (["rollcall.ini:1", "genesys"], "[genesis]\nregion = x\n"),
            (["rollcall.ini:2", "region"], "[genesys]\nregoin = eu-west-1\n"),
            (["rollcall.ini:2", "roles"], "[genesys]\nscope = analytics:read\n"),
            (["rollcall.ini:7", "in_flight", "1.*64"], self.LOGIN + "[extract]\nin_flight = 65\n"),
            (["rollcall.ini:7", "start"], self.LOGIN + "[extract]\nstart = yesterday\n"),
            (["second time", "rollcall.ini:3"], "[genesys]\nregion = eu-west-1\nregion = eu-west-2\n"),
            (["Asia/Seoul"], self.LOGIN + "[extract]\nstart = 2026-01-01\ntimezone = Asia/Soul\n"),
            (["start"], self.LOGIN + "[extract]\ntimezone = UTC\n"),
            (["mypurecloud|region"], "[genesys]\nregion = mars-1\nclient_id = a\nclient_secret = b\n[extract]\n"
                                     "start = 2026-01-01\n"),
            (["http"], self.LOGIN.replace("http://127.0.0.1:9", "http://example.com") + "[extract]\n"
                       "start = 2026-01-01\n"),
        ]
        for words, text in cases:
            with self.subTest(text):
                self.config_error(words, text)

    def test_no_config_anywhere(self):
        directory = self.directory()
        environment = {"PATH": "/usr/bin:/bin", "HOME": directory, "XDG_CONFIG_HOME": directory}
        result = subprocess.run([ROLLCALL, "extract"], cwd=directory, env=environment, capture_output=True, text=True,
                                check=False)
        self.assertEqual(result.returncode, 3, result.stderr)

    def test_usage(self):
        site = self.site("http://127.0.0.1:9")
        cases = [
            (["did you mean extract"], ["extrct"]),
            (["did you mean --until"], ["extract", "--untl", NOW]),
            (["ISO 8601"], ["extract", "--until", "tomorrow"]),
            (["did you mean conversations"], ["extract", "--stream", "conversation"]),
            (["unexpected"], ["extract", "now"]),
            (["needs a value"], ["extract", "--stream"]),
        ]
        for words, arguments in cases:
            with self.subTest(arguments):
                result = self.ok(site.run(*arguments), 2)
                for word in words:
                    self.assertRegex(result.stderr, word)
        self.assertFalse(os.path.exists(site.db))

    def test_foreign_files(self):
        cases = {"text": b"this is no database, it is a text file of some length\n" * 40}
        for name, content in cases.items():
            site = self.site("http://127.0.0.1:9")
            with open(site.db, "wb") as f:
                f.write(content)
            result = self.ok(site.extract("--until", NOW), 9)
            self.assertIn(site.db, result.stderr, name)
            with open(site.db, "rb") as f:
                self.assertEqual(f.read(), content, name)

    def test_someone_elses_database(self):
        site = self.site("http://127.0.0.1:9")
        site.change("CREATE TABLE t(x); INSERT INTO t VALUES (1)")
        with open(site.db, "rb") as f:
            before = f.read()
        result = self.ok(site.extract("--until", NOW), 9)
        self.assertRegex(result.stderr, "not.*rollcall")
        with open(site.db, "rb") as f:
            self.assertEqual(f.read(), before)

    def test_newer_database(self):
        server = self.standin(now=NOW)
        site = self.site(server.url)
        self.ok(site.extract("--stream", "queues"))
        site.change("PRAGMA user_version = 9999")
        result = self.ok(site.extract("--stream", "queues"), 9)
        self.assertRegex(result.stderr, "newer")

    def test_missing_directory(self):
        site = self.site("http://127.0.0.1:9", database={"path": "/nonexistent/there/rollcall.db"})
        result = self.ok(site.extract("--until", NOW), 9)
        self.assertIn("/nonexistent/there", result.stderr)

    def test_directory_not_writable(self):
        site = self.site("http://127.0.0.1:9")
        os.chmod(site.directory, 0o555)
        os.chmod(site.config, 0o644)
        result = self.ok(site.extract("--until", NOW, before=AS_NOBODY), 9)
        os.chmod(site.directory, 0o755)
        self.assertIn(site.directory, result.stderr)

    def test_reading_commands_without_a_database(self):
        site = self.site("http://127.0.0.1:9")
        for arguments in (("export", "--out", site.directory + "/out"), ("query", "freshness"), ("status",)):
            result = self.ok(site.run(*arguments), 9)
            self.assertIn(site.db, result.stderr)
            self.assertFalse(os.path.exists(site.db))


class Help(TestCase):
    def test_help_and_version(self):
        site = self.site("http://127.0.0.1:9")
        self.assertTrue(re.match(r"rollcall \d+\.\d+", self.ok(site.run("--version")).stdout))
        self.assertIn("extract", self.ok(site.run("--help")).stdout)
        for command in ("extract", "export", "query", "recent", "snapshot", "status"):
            text = self.ok(site.run(command, "--help")).stdout
            self.assertIn("usage: rollcall " + command, text)
            self.assertTrue(all(len(line) <= 80 for line in text.splitlines()), command)


if __name__ == "__main__":
    unittest.main()
