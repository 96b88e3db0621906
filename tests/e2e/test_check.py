"""Broken set-ups, each with its own cause, remedy and exit code; redirects and certificates; and the marked secret, which
must not show anywhere."""
import atexit
import base64
import functools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import broken
from broken import (CLIENT, PAIR, RATE, REGIONS, SECRET, TOKEN, Certificates, Resetting, Silent, closed_port, cloud, error,
                    login_error, missing, proxy, serve, token_me)
from harness import AS_NOBODY, CLIENT_ID, FULL, ROLLCALL, TestCase, clock_at, open_terminal, run, shim, wait_until
from test_stream_faults import STREAMS, needed, words

YESTERDAY = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400))
ELSE_PAIR = "d9428888-122b-11e1-b85c-61cd3cbb3210"
SIGN_IN = "<html><body><form action=/sso><h1>Sign in</h1><input type=password></form></body></html>"
LOGIN = "/oauth/token"
ME = "/api/v2/tokens/me"
QUERY = "/api/v2/analytics/conversations/details/query"
DIVISIONS = "/api/v2/authorization/divisions"
LIMITS = "/api/v2/organizations/limits"


def watched(command, site, env=None):
    """Runs a command to its end; returns (exit code, all its command lines that were seen, stdout, stderr)."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, env=site.environment(**(env or {})), cwd=site.directory, stdout=out, stderr=err,
                                   stdin=subprocess.DEVNULL)
        seen = set()
        while process.poll() is None:
            try:
                seen.add(Path(f"/proc/{process.pid}/cmdline").read_bytes())
            except OSError:
                pass
            time.sleep(0.02)
        out.seek(0)
        err.seek(0)
        return process.returncode, b"".join(seen), out.read(), err.read()


def causes():
    """The program's own list: step, name, exit code, what one sees, cause, remedy."""
    text = run([ROLLCALL, "--causes"], check=True).stdout
    return [line.split("\t") for line in text.splitlines()]


@functools.lru_cache(None)
def certificates():
    """Those of all tests: eight keys take a second to make."""
    directory = tempfile.mkdtemp(prefix="rollcall-certificates-")
    atexit.register(shutil.rmtree, directory, True)
    return Certificates(directory)


class Checked(TestCase):
    """Runs `rollcall check` on a site with the marked secret, and looks for the secret in all it leaves."""

    @classmethod
    def setUpClass(cls):
        cls.certificates = certificates()

    def marked(self, url=None, **genesys):
        site = self.site(url, start=YESTERDAY)
        site.set(genesys={"client_secret": SECRET, **genesys})
        site.env.update({"ROLLCALL_LIMIT_CONNECT_MS": "1500", "ROLLCALL_LIMIT_STALL_MS": "2000"})
        for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
            site.env[name] = ""
        return site

    def behind(self, url, region="eu-central-1", ca=None, **genesys):
        """A site whose way leads through a proxy."""
        site = self.marked(None, region=region, proxy=url, ca_file=ca or self.certificates.ca, **genesys)
        site.set(genesys={"login_url": None, "api_url": None, **genesys})
        return site

    def gate(self, **options):
        """A proxy, and the URL with another user and password that leads to it."""
        server = proxy(self, cloud(self, pair=self.certificates.good).port, **options)
        return server, server.url.replace("//", "//user:p%40ss%3A%2F%23@")

    def check(self, site, *arguments, secrets=(), env=None, before=()):
        """Runs check as JSON with all logging, watching the process table; returns (exit code, document, output)."""
        command = [*before, ROLLCALL, "-v", "-v", *site.command("check", "--json", *arguments)[1:]]
        code, seen, out, err = watched(command, site, env)
        self.assert_unmarked(out + err + seen, secrets)
        self.assert_no_marks_in_files(site, secrets)
        return code, json.loads(out) if out else None, (out + err).decode("utf-8", "replace")

    def results(self, site, check, *arguments, code=0):
        """The evidence of all results of that name."""
        got, document, output = self.check(site, *arguments)
        self.assertEqual(got, code, output)
        return [r["evidence"] for r in document["checks"] if r["check"] == check]

    def assert_unmarked(self, data, secrets=()):
        """Not the secret, nor a part of it, nor what is made of it."""
        for secret in {SECRET, TOKEN, PAIR, base64.b64encode(SECRET.encode()).decode(), *secrets}:
            for at in range(max(1, len(secret) - 9)):
                part = secret[at:at + 10].encode()
                if len(part) == 10 and part not in CLIENT_ID.encode():
                    self.assertNotIn(part, data)

    def assert_no_marks_in_files(self, site, secrets=()):
        for path in Path(site.directory).rglob("*"):
            if path.is_file() and path.name not in ("rollcall.ini", "secret", ".env"):
                self.assert_unmarked(path.read_bytes(), secrets)


def write_secret(site, text):
    secret = Path(site.directory, "secret")
    secret.write_text(text)
    secret.chmod(0o600)


def made(test, site, sql):
    """A database of ours, then changed."""
    test.ok(site.extract("--stream", "queues"))
    site.change(sql)


def setups():
    """name, cause, exit code, and a function of the test that gives the site, or (site, arguments of check())."""
    table = []

    def site(name, cause, code, make):
        table.append((name, cause, code, make))

    def config(name, cause, code=3, secrets=(), **genesys):
        site(name, cause, code, lambda t: (t.marked(cloud(t).url, **genesys), {"secrets": secrets}))

    def answers(name, cause, code, replaced, **extra):
        site(name, cause, code, lambda t: t.marked(cloud(t, replaced, **extra).url))

    def prepared(name, cause, code, prepare, **genesys):
        """`prepare` may give arguments of check()."""
        def make(t):
            s = t.marked(cloud(t).url, **genesys)
            return s, prepare(t, s) or {}
        site(name, cause, code, make)

    def certificate(name, cause, pair, code=7, ca=None):
        def make(t):
            url = cloud(t, pair=getattr(t.certificates, pair)).url
            return t.marked(url, ca_file=ca(t) if ca else t.certificates.ca)
        site(name, cause, code, make)

    # --- configuration ---
    def closed_export(t, s):
        os.chmod(s.config, 0o644)
        os.chmod(s.directory, 0o755)
        os.mkdir(s.directory + "/out", 0o555)
        s.set(export={"directory": s.directory + "/out"})
        os.chmod(s.config, 0o644)
        return {"before": AS_NOBODY}

    def other_zone(t, s):
        t.ok(s.extract("--stream", "queues"))
        s.set(extract={"timezone": "Asia/Seoul"})
        t.assertIn("extract --rezone", t.ok(s.extract(), 3).stderr)

    def unreadable(t, s):
        os.chmod(s.directory, 0o755)
        os.chmod(s.config, 0o600 if os.geteuid() == 0 else 0)
        return {"before": AS_NOBODY}

    prepared("no configuration file", "config_absent", 3, lambda t, s: setattr(s, "config", s.config + ".not-there"))
    prepared("configuration not readable", "config_unreadable", 3, unreadable)
    config("key of another program", "config_invalid", username="robot")
    prepared("stream misspelt", "config_invalid", 3, lambda t, s: s.set(extract={"streams": "usrs"}))
    prepared("stream named twice", "config_invalid", 3, lambda t, s: s.set(extract={"streams": "users users"}))
    config("scope key", "config_scope", scope="analytics:read")
    config("scope name under another key", "config_scope", permissions="analytics:report:read")
    config("platform scope", "config_scope", grants="urn:genesys:cloud:admin")
    config("region missing", "config_region_missing", login_url=None, api_url=None)
    config("region missing beside one URL", "config_region_missing", login_url=None)
    config("region of another vendor", "config_region_unknown", login_url=None, api_url=None, region="mars-north-1")
    config("AWS name on the first region's domain", "config_region_mixed", login_url=None, api_url=None,
           region="api.us-east-2.mypurecloud.com")
    config("token path of the API host", "config_token_path", login_url="https://api.mypurecloud.de/api/v2/oauth/token")
    config("token path in circulation", "config_token_path", login_url="https://api.mypurecloud.de/api/v2/oauth2/token")
    config("plain http", "config_plain_http", login_url="http://login.mypurecloud.de")
    config("proxy of another kind", "config_proxy_url", proxy="ftp://proxy:21")
    config("certificates not there", "config_ca_file", ca_file="/nowhere/ca.pem")
    config("client id missing", "config_id_missing", client_id=None)
    config("secret missing", "config_secret_missing", client_secret=None)
    config("secret file not there", "config_secret_file", client_secret=None, client_secret_file="/nowhere/secret")
    config("id and secret exchanged", "config_exchanged", client_id=SECRET, client_secret=CLIENT_ID)
    config("placeholder", "config_placeholder", client_secret="your_client_secret_here")
    config("placeholder of an example", "config_placeholder", client_secret="xxxxxxxx")
    config("pair in the id", "config_pair", client_id=CLIENT_ID + ":" + SECRET)
    config("pair in the secret", "config_pair", client_secret=CLIENT_ID + ":" + SECRET)
    config("colon lost", "config_colon_lost", client_id=CLIENT_ID + SECRET)
    config("colon doubled", "config_colon_doubled", client_secret=":" + SECRET)
    config("base64 of the pair", "config_base64", client_secret=PAIR)
    config("base64 of the secret", "config_base64",
           client_secret=base64.b64encode((SECRET + "\n").encode()).decode())
    config("blank within the secret", "config_character", client_secret=SECRET[:20] + " " + SECRET[20:])
    config("typographic dash", "config_character", client_secret=SECRET.replace("-", "\u2013"))
    config("quotes", "config_quotes", 0, client_secret=f'"{SECRET}"')
    config("id of another form", "config_id_no_uuid", 4, client_id="nightly-extract")
    prepared("unknown time zone", "config_zone", 3, lambda t, s: s.set(extract={"timezone": "Asia/Soul"}))
    prepared("secret file with two lines", "config_lines", 3, lambda t, s: write_secret(s, f"{CLIENT_ID}\n{SECRET}\n"),
             client_secret=None, client_secret_file="secret")
    prepared("empty secret file", "config_secret_file", 3, lambda t, s: write_secret(s, "\r\n"),
             client_secret=None, client_secret_file="secret")
    prepared("name in the secret file", "config_lines", 3, lambda t, s: write_secret(s, f"client_secret = {SECRET}\r\n"),
             client_secret=None, client_secret_file="secret")
    prepared("blanks around the secret", "config_blanks", 0,
             lambda t, s: {"env": {"GENESYS_CLIENT_SECRET": f" {SECRET}\r\n"}}, client_secret=None)
    prepared("file readable by others", "config_readable", 0, lambda t, s: os.chmod(s.config, 0o644))
    prepared("no start", "config_start", 3, lambda t, s: s.set(extract={"start": None}))
    prepared("start ahead", "config_start_ahead", 3, lambda t, s: s.set(extract={"start": "2999-01-01"}))
    prepared("lookback too short", "config_lookback", 0, lambda t, s: s.set(extract={"lookback_days": "1"}))
    prepared("table unknown", "config_invalid", 3, lambda t, s: s.set(export={"tables": "conversion"}))
    prepared("export directory is a file", "config_export", 9, lambda t, s: s.set(export={"directory": s.config}))
    prepared("export directory not writable", "config_export", 9, closed_export)
    prepared("metrics directory not there", "config_metrics", 9,
             lambda t, s: s.set(metrics={"textfile": s.directory + "/none/rollcall.prom"}))
    prepared("metrics file of another program", "config_metrics", 9, lambda t, s: s.set(metrics={"textfile": s.config}))
    prepared("zone of the file changed", "config_zone_changed", 3, other_zone)

    # --- network ---
    config("name unknown", "network_name", 7, login_url="https://login.no-such-region.invalid",
           api_url="https://api.no-such-region.invalid")
    for name, cause, port in (("connection refused", "network_refused", lambda t: closed_port()),
                              ("nobody answers", "network_timeout", lambda t: serve(t, Silent).port),
                              ("connection reset", "network_reset", lambda t: serve(t, Resetting).port)):
        site(name, cause, 7, lambda t, port=port: t.marked(f"https://127.0.0.1:{port(t)}"))
    for name, cause, url in (("proxy asks for a login", "network_proxy_login", lambda t: proxy(t, status=407).url),
                             ("proxy forbids", "network_proxy_denied", lambda t: proxy(t, status=403).url),
                             ("proxy finds no host", "network_proxy_trouble", lambda t: proxy(t, status=502).url),
                             ("proxy not running", "network_proxy_refused", lambda t: f"http://127.0.0.1:{closed_port()}"),
                             ("proxy's name unknown", "network_proxy_name",
                              lambda t: "http://proxy.no-such-domain.invalid:3128")):
        site(name, cause, 7, lambda t, url=url: t.behind(url(t)))
    certificate("certificate expired", "network_certificate_expired", "expired")
    certificate("certificate not yet valid", "network_certificate_early", "early")
    certificate("certificate of another host", "network_certificate_host", "host")
    certificate("certificate self-signed", "network_certificate_self_signed", "self_signed", ca=lambda t: None)
    certificate("certificate of an unknown authority", "network_certificate_issuer", "unknown", ca=lambda t: None)
    certificate("certificate that ca_file does not sign", "network_certificate_ca_file", "unknown")
    site("proxy wants another login", "network_proxy_rejected", 7,
         lambda t: t.behind(t.gate(offers=['Basic realm="out"'], login=("user", "other"))[1]))
    site("proxy does not answer", "network_proxy_timeout", 7,
         lambda t: t.behind(f"http://127.0.0.1:{serve(t, Silent).port}"))
    config("proxy's password not encoded", "config_proxy_url", proxy="http://user:p@ss@proxy:3128", secrets=["p@ss"])
    certificate("certificates file without certificates", "config_ca_file", "good", 3, lambda t: t.empty_file())
    site("TLS 1.1", "network_tls_version", 7,
         lambda t: t.marked(cloud(t, pair=t.certificates.good, old=True).url, ca_file=t.certificates.ca))
    site("no TLS", "network_tls_none", 7, lambda t: t.marked(cloud(t).url.replace("http:", "https:")))
    answers("clock off", "network_clock", 0, {}, skew=-600)

    # --- login ---
    for name, cause, status, *words in (
            ("client unknown", "login_unknown_client", 400, "invalid_client", "client not found"),
            ("client unknown, older answer", "login_unknown_client", 400, "client not found: invalid_client", ""),
            ("client disabled", "login_client_disabled", 401, "access_denied", "client is disabled"),
            ("client inactive", "login_client_inactive", 400, "access_denied", "client is inactive"),
            ("invalid_grant", "login_invalid_grant", 403, "invalid_grant", "bad grant"),
            ("unsupported_grant_type", "login_grant", 400, "unsupported_grant_type", "no"),
            ("unauthorized_client", "login_grant", 403, "unauthorized_client", "no"),
            ("403 at login", "login_forbidden", 403, "access_denied", "forbidden"),
            ("invalid_client", "login_invalid_client", 401, "invalid_client", "no"),
            ("authorization stripped on the way", "login_invalid_request", 400, "invalid_request",
             "client credentials are missing")):
        answers(name, cause, 4, {LOGIN: login_error(status, *words)})
    config("wrong secret", "login_wrong_secret", 4, client_secret="AnotherSecret-thatWasRotated_0123456789abcd",
           secrets=["AnotherSecret-thatWasRotated_0123456789abcd"])
    for name, cause, code, answer in (
            ("address not allowed", "login_address", 4, error(401, "ip.not.authorized", "The IP is not allowed")),
            ("API host as login host", "login_api_host", 4, error(404, "not found", "HTTP 404 Not Found")),
            ("no such path", "login_no_endpoint", 4, (404, "<html>404</html>")),
            ("401 of who knows whom", "login_unauthorized", 4, (401, "<h1>Unauthorized</h1>")),
            ("redirect to an identity provider", "login_identity_provider", 4,
             (302, "moved", {"Location": "https://idp.example.test/saml2/sso?SAMLRequest=x"})),
            ("redirect", "login_redirect", 4, (301, "moved", {"Location": "https://www.example.test/"})),
            ("sign-in page", "login_sign_in_page", 4, (200, SIGN_IN)),
            ("empty answer", "login_web_page", 4, (200, "")),
            ("plain web server in the login's place", "login_web_page", 4, (200, "<h1>It works!</h1>")),
            ("JSON without a token", "login_no_token", 4, (200, {"status": "up"})),
            ("429 at login", "login_rate", 6, (*login_error(429, "invalid_client", "client not found"), {"Retry-After": "600"})),
            ("503 at login", "login_server", 7, login_error(503, "access_denied", "client is disabled")),
            ("login cut", "login_network", 7, "cut")):
        answers(name, cause, code, {LOGIN: answer})

    # --- token ---
    def other_region(t):
        server = cloud(t, {"/api/": error(401, "bad.credentials")}, pair=t.certificates.good)
        return t.behind(proxy(t, server.port).url, region=None, login_url="https://login.mypurecloud.de",
                        api_url="https://api.mypurecloud.jp")

    site("login and API of different regions", "token_other_region", 4, other_region)
    for name, cause, code, path, answer in (
            ("address not allowed at the API", "token_address", 4, "/api/", error(401, "ip.not.authorized")),
            ("token refused", "token_refused", 4, "/api/", error(401, "bad.credentials")),
            ("another server as API", "token_no_api", 7, "/api/", (200, "<html>hello</html>")),
            ("API redirects", "token_no_api", 7, "/api/", (302, "moved", {"Location": "https://www.example.test/"})),
            ("429 at the API", "token_rate", 6, "/api/", error(429, "too.many.requests")),
            ("503 at the API", "token_server", 7, "/api/", error(503, "service.unavailable")),
            ("client being switched off", "token_client_state", 4, ME,
             token_me(state="inactive", dateToDelete="2026-12-24T00:00:00Z")),
            ("token of another grant type", "token_grant", 4, ME, token_me(authorizedGrantType="CODE")),
            ("no roles", "token_no_roles", 0, ME, token_me(roleDivisions=[])),
            ("short tokens", "token_short", 0, LOGIN,
             (200, {"access_token": TOKEN, "token_type": "bearer", "expires_in": 300}))):
        answers(name, cause, code, {path: answer})
    config("another organization", "token_organization", 3, organization="Test Sandbox")
    prepared("another organization's file", "token_file_organization", 3,
             lambda t, s: made(t, s, "UPDATE organization SET organization_id = 'another', name = 'Another'"))
    answers("whose the client is not said", "token_organization_unsaid", 0,
            {ME: missing("a:b:view"), "/api/v2/organizations/me": missing("a:b:view")})

    # --- permissions and limits ---
    answers("no adherence source permitted", "permission_missing", 5,
            {"/api/v2/workforcemanagement": missing("wfm:realtimeAdherence:view"),
             "/api/v2/analytics/agents": missing("analytics:agentState:view")})
    divisions = [{"id": CLIENT["roleDivisions"][0]["divisionId"], "name": "Home"}, {"id": ELSE_PAIR, "name": "Europe"}]
    for name, cause, code, path, answer in (
            ("queues not permitted", "permission_missing", 5, "/api/v2/routing/queues", missing("routing:queue:view")),
            ("conversations not permitted", "permission_missing", 5, "/api/v2/analytics/conversations",
             missing("analytics:conversationDetail:view")),
            ("empty answer", "permission_empty", 0, QUERY, (200, {"totalHits": 0})),
            ("some divisions", "permission_divisions", 0, DIVISIONS, (200, {"entities": divisions, "total": 2})),
            ("429 at a stream", "permission_rate", 6, "/api/v2/users", error(429, "too.many.requests")),
            ("500 at a stream", "permission_server", 7, QUERY, error(500, "internal.server.error")),
            ("400 at a stream", "permission_answer", 8, QUERY, error(400, "bad.request")),
            ("pace over the limit", "limits_pace", 0, LIMITS,
             (200, {"entities": [{"key": RATE, "namespace": "platform.api", "value": 60}]})),
            ("limits not readable", "limits_unread", 0, LIMITS, missing("limits:view")),
            ("too much for a night", "limits_night", 0, QUERY,
             (200, {"conversations": [{"conversationId": ELSE_PAIR}], "totalHits": 90000000000}))):
        answers(name, cause, code, {path: answer})

    for key in ("max_requests", "max_requests_month"):
        def many(t, key=key):
            s = t.marked(cloud(t, {"/api/v2/users": (200, {"entities": [{"id": ELSE_PAIR}], "total": 9000})}).url)
            s.set(extract={key: "20"})
            return s

        site("a list larger than " + key, "limits_budget", 0, many)

    # --- local ---
    def closed(t, s):
        os.chmod(s.config, 0o644)
        os.chmod(s.directory, 0o555)
        return {"before": AS_NOBODY}

    prepared("no directory", "local_directory", 9,
             lambda t, s: s.set(database={"path": s.directory + "/not/there/rollcall.db"}))
    prepared("another program's file", "local_foreign", 9, lambda t, s: Path(s.db).write_text("hello\n" * 200) and None)
    prepared("directory not writable", "local_rights", 9, closed)
    prepared("a newer file", "local_newer", 9, lambda t, s: made(t, s, "PRAGMA user_version = 9999"))
    prepared("an older file", "local_older", 0, lambda t, s: made(t, s, "PRAGMA user_version = 1"))
    prepared("start before the retention", "local_retention", 0, lambda t, s: s.set(extract={"start": "2020-01-01"}))
    return table


class Table(Checked):
    def empty_file(self):
        path = Path(self.directory(), "ca.pem")
        path.write_text("no certificate\n")
        return str(path)

    def test_each_gives_its_cause_remedy_and_exit_code(self):
        listed = {row[1]: row for row in causes()}
        table = setups()
        self.assertGreaterEqual(len(table), 40)
        for name, cause, code, make in table:
            with self.subTest(name):
                self.one(name, cause, code, make, listed)
            self.doCleanups()
        self.assertGreaterEqual(len({cause for _, cause, _, _ in table}), 40)

    def one(self, name, cause, code, make, listed):
        site = make(self)
        site, arguments = site if isinstance(site, tuple) else (site, {})
        got, document, output = self.check(site, **arguments)
        self.assertEqual(got, code, f"{name}\n{output}")
        results = document["checks"]
        self.assertEqual(document["exit_code"], code)
        self.assertEqual(document["ok"], code == 0)
        found = [r for r in results if r["cause"] == cause]
        self.assertTrue(found, f"{name}: no {cause} in\n{output}")
        self.assertEqual(found[0]["cause_text"], listed[cause][4])
        self.assertEqual(found[0]["remedy"], listed[cause][5])
        self.assertEqual(found[0]["exit_code"], int(listed[cause][2]))
        self.assertTrue(found[0]["evidence"])
        failed = [r for r in results if r["status"] == "failed"]
        if int(listed[cause][2]):
            self.assertEqual(failed[0]["cause"], cause, f"{name}\n{output}")
        if failed and failed[0]["step"] == "login":
            self.assertIn("SAML", failed[0]["note"])
            self.assertIn("rotated", failed[0]["note"])


class List(TestCase):
    def test_causes_are_whole_and_distinct(self):
        rows = causes()
        self.assertGreaterEqual(len(rows), 60)
        for at in (1, 4):
            values = [row[at] for row in rows]
            self.assertEqual(sorted(set(values)), sorted(values))
        steps = [row[0] for row in rows]
        self.assertEqual(len([s for s, before in zip(steps, ["", *steps]) if s != before]), len(set(steps)), "step by step")
        for row in rows:
            self.assertTrue(all(row), row)
            self.assertFalse(row[4].endswith("."), row)
            self.assertFalse(row[5].endswith("."), row)

    def test_every_cause_that_can_be_made_is_in_the_table(self):
        made_here = {cause for _, cause, _, _ in setups()}
        elsewhere = {"network_too_large", "network_other", "network_tls_other", "local_no_space", "local_little_space",
                     "local_network_disk", "local_database", "local_locked", "permission_grants"}
        self.assertEqual(sorted({row[1] for row in causes()} - made_here - elsewhere), [])


class Screens(Checked):
    def test_where_credentials_come_from_is_said(self):
        """In the check and in the errors of a login, with what they override; and what is odd about them once, as a result."""
        site = self.marked(cloud(self).url)
        env = Path(site.directory, ".env")
        env.write_text(f"GENESYS_CLIENT_ID={CLIENT_ID}\r\n")
        env.chmod(0o600)
        os.chmod(site.config, 0o644)
        evidence = self.results(site, "client id")[0]
        self.assertRegex(evidence, rf"{CLIENT_ID} from .*\.env:1: GENESYS_CLIENT_ID, which overrides .*ini:\d+: \[genesys\] client_id")
        result = self.ok(site.run("check"))
        self.assertEqual(result.stderr, "")
        self.assertIn("chmod 600", result.stdout)
        site.set(genesys={"client_secret": "wrong-one"})
        os.chmod(site.config, 0o644)
        for command in ("recent", "extract"):
            result = site.run(command)
            said = " ".join((result.stdout + result.stderr).split())
            self.assertRegex(said, r"client_id from .*\.env:1: GENESYS_CLIENT_ID, which overrides .*; client_secret from", command)
        self.assertIn("chmod 600", result.stderr, "elsewhere the log has it")

    @unittest.skipUnless(AS_NOBODY, "only root can give files of another's")
    def test_a_secret_that_a_container_mounts_draws_no_warning(self):
        site = self.marked(cloud(self).url, client_secret=None, client_secret_file="secret")
        write_secret(site, SECRET + "\n")
        os.chmod(site.directory, 0o755)
        os.chmod(site.config, 0o644)
        for mode, odd in ((0o444, False), (0o644, True)):
            os.chmod(Path(site.directory, "secret"), mode)
            out = site.run("check", before=AS_NOBODY).stdout
            self.assertEqual("chmod 600" in out, odd, out)
            self.assertIn("a token, good for", out)

    def test_the_servers_words_are_part_of_the_evidence(self):
        html = (401, "<h1>Who are you?</h1>")
        odd = (403, {"errorMessage": "the gateway minds"})
        for check, prefix, answer, code, words in (
                ("login", LOGIN, html, 4, "Who are you?"), ("login", LOGIN, odd, 4, "the gateway minds"),
                ("organization", "/api/v2/", odd, 5, "the gateway minds"), ("rate limit", LIMITS, odd, 0, "the gateway minds"),
                ("divisions", DIVISIONS, odd, 0, "the gateway minds"),
                ("divisions", DIVISIONS, (200, {"entities": [{"id": CLIENT["roleDivisions"][0]["divisionId"]}], "total": 250}), 0,
                 "the first 1 of 250"),
                ("users", "/api/v2/users", odd, 5, "the gateway minds")):
            with self.subTest(check=check):
                site = self.marked(cloud(self, {prefix: answer}).url)
                self.assertIn(words, self.results(site, check, code=code)[0])

    def test_streams_can_be_chosen(self):
        server = cloud(self, {"/api/v2/routing/queues": missing("routing:queue:view")})
        site = self.marked(server.url)
        self.ok(site.run("check", "--stream", "users"))
        result = self.ok(site.run("check", "--stream", "queues"), 5)
        self.assertIn("routing:queue:view", result.stdout)
        self.assertRegex(" ".join(result.stdout.split()), "divisions too; a changed role may take up to 15 minutes")
        self.ok(site.run("check", "--stream", "queus"), 2)

    def test_a_jwt_shows_claims_and_not_itself(self):
        def part(value):
            return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
        token = part({"alg": "RS256"}) + "." + part({"iss": "urn:purecloud:test", "org": "o1", "exp": 1}) + ".c2lnbmF0dXJl"
        answers = {LOGIN: (200, {"access_token": token, "expires_in": 86399}),
                   "/api/v2/": lambda seen: broken.normal({**seen, "authorization": "Bearer " + TOKEN})}
        site = self.marked(cloud(self, answers).url)
        self.assertEqual(self.results(site, "claims"), ['iss "urn:purecloud:test", org "o1", exp 1'])
        output = self.check(site, secrets=[token])[2]
        for piece in token.split("."):
            self.assertNotIn(piece[:12], output)

    def test_a_run_under_way_is_named(self):
        server = self.standin(start=YESTERDAY, days=1, faults=["latency:ms=4000,times=1,path=/api/v2/users"], now="real")
        site = self.site(server.url, start=YESTERDAY)
        process = site.start_process("extract", "--stream", "users")
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        wait_until(lambda: site.value("SELECT count(*) FROM run"))
        process.send_signal(signal.SIGSTOP)  # it stays under way, however long the check takes
        self.assertIn(str(process.pid), self.results(site, "lock", "--stream", "users")[0])

    def test_nothing_is_written(self):
        server = cloud(self)
        site = self.marked(server.url)
        before = sorted(os.listdir(site.directory))
        self.ok(site.run("check"))
        self.assertEqual(sorted(os.listdir(site.directory)), before)


TRUST_SHIM = """#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    int mode = va_arg(args, int);
    va_end(args);
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    return real(strstr(path, "ca-certificates.crt") ? getenv("SYSTEM_ROOTS") : path, flags, mode);
}
"""


class Ways(Checked):
    """Proxies and certificates."""

    def test_a_proxy_is_logged_in_to_by_what_it_offers(self):
        digest = 'Digest realm="out", nonce="abc", qop="auth", algorithm=MD5'
        for offers in (['Basic realm="out"'], [digest], ["Negotiate", 'Basic realm="out"'], ["Negotiate", digest]):
            with self.subTest(offers=offers):
                _, url = self.gate(offers=offers, login=("user", "p@ss:/#"))
                self.assertIn("a token, good for 24 hours", self.results(self.behind(url), "login"))

    def test_ntlm_is_taken_before_basic_and_after_digest(self):
        basic, digest = 'Basic realm="out"', 'Digest realm="out", nonce="abc", qop="auth", algorithm=MD5'
        for offers, chosen in ((["NTLM"], "NTLM"), ([basic, "NTLM"], "NTLM"), ([basic, digest, "NTLM"], "Digest")):
            with self.subTest(offers=offers):
                server, url = self.gate(offers=offers, login=("user", "p@ss:/#"))
                self.assertIn("a token, good for 24 hours", self.results(self.behind(url), "login"))
                self.assertEqual({given.split()[0] for given in server.given if given}, {chosen})

    def test_what_a_proxy_offers_and_whose_it_is_is_said(self):
        server, url = self.gate(offers=["Negotiate"])
        site = self.behind(url)
        evidence = self.results(site, "login host", code=7)[0]
        self.assertIn("the proxy is that of [genesys] proxy", evidence)
        self.assertIn("it offers Negotiate", evidence)
        site.env.update({"HTTPS_PROXY": "http://else.invalid:1", "no_proxy": "example.com"})
        evidence = self.results(site, "login host", code=7)[0]
        self.assertIn("[genesys] proxy, which overrides HTTPS_PROXY; hosts in no_proxy go without it", evidence)
        site.set(genesys={"proxy": None})
        self.assertIn("that of HTTPS_PROXY", self.results(site, "login host", code=7)[0])
        site.env["HTTPS_PROXY"] = server.url.replace("//", "//user:p@ss@")
        _, document, output = self.check(site, secrets=["p@ss"])
        failed = [r for r in document["checks"] if r["status"] == "failed"][0]
        self.assertEqual((failed["cause"], "HTTPS_PROXY is no URL" in failed["evidence"]), ("config_proxy_url", True), output)

    def test_ca_file_stands_beside_the_systems_roots(self):
        library = shim(TRUST_SHIM)
        site = self.behind(self.gate()[1], ca=self.certificates.unknown[0])
        for roots, code in ((self.certificates.ca, 0), (self.certificates.unknown[0], 7)):
            site.env.update({"LD_PRELOAD": library or "", "SYSTEM_ROOTS": roots})
            if library:
                self.results(site, "login host", code=code)


class Regions(Checked):
    """The other regions' login hosts, behind a proxy that leads them all to this machine."""

    def regions(self, home):
        lost = login_error(400, "invalid_client", "client not found")
        server = cloud(self, {LOGIN: lambda seen: None if seen["host"] == f"login.{home}" else lost},
                       pair=self.certificates.good)
        self.gate = proxy(self, server.port)
        site = self.behind(self.gate.url)
        for name in ("CONNECT", "STALL"):  # how long a busy machine takes for a handshake is no matter here
            del site.env[f"ROLLCALL_LIMIT_{name}_MS"]
        return site, server

    def test_one_function_decides_what_a_region_is(self):
        for region in ("api.ap-southeast-2.mypurecloud.com", "https://{{my_env}}.mypurecloud.com/oauth/token",
                       "<your-region>.mypurecloud.com", "acme.mypurecloud.com", "usw2"):
            for key in ("region", "login_url"):
                site, server = self.regions("mypurecloud.com")
                url = region if "://" in region else f"https://{region}"
                site.set(genesys={key: url.replace("/oauth/token", "") if key == "login_url" else region})
                if key == "login_url" and "." not in region:
                    continue  # no host of the platform's
                for command in ("check", "extract", "recent"):
                    result = self.ok(site.run(command), 3)
                    self.assertRegex(" ".join((result.stdout + result.stderr).split()), "is no Genesys Cloud region|not a URL")
                self.assertEqual(server.seen, [], "the secret was sent nowhere")

    def test_a_host_that_is_late_once_is_asked_again(self):
        site, server = self.regions("nowhere")
        lost = server.answers[LOGIN]
        late = set()

        def cut_once(seen):
            if seen["host"] == "login.mypurecloud.de" or seen["host"] in late:
                return lost(seen)
            late.add(seen["host"])
            return "cut"
        server.answers[LOGIN] = cut_once
        found = self.results(site, "find region", "--find-region", "--yes", code=4)
        self.assertIn("17 other login hosts", found[0])
        self.assertEqual({s["host"] for s in server.seen if s["method"] == "POST"}, {f"login.{r}" for r in REGIONS})

    def test_without_a_terminal_it_wants_a_yes(self):
        site, server = self.regions("mypurecloud.jp")
        result = self.ok(site.run("check", "--find-region", stdin=subprocess.DEVNULL), 2)
        self.assertIn("--yes", result.stderr)
        self.assertEqual(server.seen, [])

    def test_the_client_is_found(self):
        site, _ = self.regions("mypurecloud.jp")
        found = self.results(site, "find region", "--find-region", "--yes", code=4)
        self.assertIn("region = ap-northeast-1", found[0])
        self.assertLessEqual({a.split(":")[0] for a in self.gate.asked if a},
                             {f"{h}.{r}" for r in REGIONS for h in ("login", "api")})

    def test_where_nobody_is_reached_nothing_is_known(self):
        server = cloud(self, {LOGIN: login_error(400, "invalid_client", "client not found")})
        site = self.marked(server.url, proxy=f"http://127.0.0.1:{closed_port()}")
        found = self.results(site, "find region", "--find-region", "--yes", code=4)
        self.assertIn("nothing is known", found[0])

    def ask(self, answer):
        """At a terminal."""
        site, server = self.regions("mypurecloud.jp")
        master, slave = open_terminal()
        process = subprocess.Popen(site.command("check", "--find-region"), env=site.environment(), cwd=site.directory,
                                   stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        os.close(slave)
        os.write(master, answer)
        out, err = process.communicate(timeout=60)
        os.close(master)
        self.assertIn("[y/N]", err)
        return out, {s["host"] for s in server.seen if s["method"] == "POST"}

    def test_at_a_terminal_it_asks(self):
        out, hosts = self.ask(b"n\n")
        self.assertIn("you said no", out)
        self.assertEqual(hosts, {"login.mypurecloud.de"})
        out, hosts = self.ask(b"y\n")
        self.assertIn("ap-northeast-1", out)
        self.assertGreater(len(hosts), 1)


class Secrets(Checked):
    def test_redirects_take_nothing_along(self):
        """Promise: 301, 302, 303, 307, 308 to another host or port: 0 bytes of secret or token leave."""
        for status in (301, 302, 303, 307, 308):
            for prefix, code in ((LOGIN, 4), ("/api/", 7)):
                with self.subTest(status=status, prefix=prefix):
                    elsewhere = cloud(self)
                    there = (status, "moved", {"Location": elsewhere.url + "/oauth/token"})
                    server = cloud(self, {prefix: there})
                    got, _, output = self.check(self.marked(server.url))
                    self.assertEqual(got, code, output)
                    self.assertEqual(elsewhere.seen, [])
        self.doCleanups()

    def test_nothing_shows_in_a_whole_extraction(self):
        server = self.standin(start=YESTERDAY, days=1, per_day=200, now="real", client_secret=None,
                              faults=["token-death:after=5", "429:every=7,retry_after=absent"])
        site = self.site(server.url, start=YESTERDAY)
        code, seen, out, err = watched([ROLLCALL, "-v", "-v", *site.command("extract")[1:]], site)
        self.assertEqual(code, 0, err.decode())
        site.export()
        seen += out + err
        for path in Path(site.directory).rglob("*"):
            if path.is_file() and path.name != "rollcall.ini":
                seen += path.read_bytes()
        for mark in (b"standin-secret-4711", b"standin_token_",
                     base64.b64encode(f"{CLIENT_ID}:standin-secret-4711".encode())):
            self.assertNotIn(mark, seen)

    def test_extract_uses_the_same_words(self):
        listed = {row[1]: row for row in causes()}
        for cause, answers, code in (("login_wrong_secret", {LOGIN: login_error(401, "x", "authentication failed")}, 4),
                                     ("login_identity_provider", {LOGIN: (302, "", {"Location": "https://idp.x/sso"})}, 4),
                                     ("login_unknown_client", {LOGIN: login_error(400, "x", "client not found")}, 4),
                                     ("login_sign_in_page", {LOGIN: (200, SIGN_IN)}, 4), ("login_server", {LOGIN: (500, "")}, 7),
                                     ("token_refused", {"/api/": error(401, "bad.credentials")}, 4),
                                     ("permission_missing", {"/api/v2/users": missing("a:b:c")}, 5)):
            with self.subTest(cause):
                site = self.marked(cloud(self, answers).url)
                site.env["ROLLCALL_LIMIT_RETRY_TOTAL_MS"] = "300"
                result = self.ok(site.extract("--stream", "users"), code)
                told = result.stderr + site.value("SELECT error FROM run")
                self.assertIn(listed[cause][4], told)
                self.assertIn(listed[cause][5], told)
                self.assert_unmarked((result.stdout + result.stderr).encode())


class StandIn(Checked):
    def test_denied_by_the_stand_in(self):
        server = self.standin(start=YESTERDAY, days=1, now="real", deny="/api/v2/workforcemanagement")
        site = self.site(server.url, start=YESTERDAY)
        result = self.ok(site.run("check", "--json", "--stream", "adherence_realtime"))
        self.assertIn("by agents_status", result.stdout)
        site.set(adherence={"realtime": "workforcemanagement"})
        result = self.ok(site.run("check", "--stream", "adherence_realtime"), 5)
        self.assertIn("wfm:realtimeAdherence:view", result.stdout)
        quality = ("check", "--stream", "evaluation_details", "--stream", "survey_details")
        self.assertNotIn("skipped", self.ok(site.run(*quality)).stdout)
        server.control(deny=["/api/v2/quality"])
        result = self.ok(site.run(*quality), 5)
        for permission in "quality:evaluation:view", "quality:survey:view":
            self.assertIn(permission, result.stdout)

    @unittest.skipUnless(clock_at("2026-03-10T06:00:00Z"), "no clock to set")
    def test_a_night_is_about_what_it_said(self):
        """Of many units, agents and queues, or conversations: what was said before the first night is within 15 % of what the
        second asks of the API."""
        nights = "2026-03-08T06:00:00Z", "2026-03-09T06:00:00Z"
        worlds = {"per_day": 4, "agents": 12, "units": 20}, {"per_day": 4, "agents": 110, "queues": 30}, {"per_day": 250, "agents": 8}
        for world in worlds if FULL else [random.choice(worlds)]:
            with self.subTest(world):
                server = self.standin(start="2026-03-01", days=9, now=nights[0], job_polls=2, **world)
                server.control(date="now")
                site = self.site(server.url, start="2026-03-01",
                                 extract={"streams": "all", "lookback_days": "4", "later_looks": "5, 6"})
                result = self.ok(site.run("check", env=clock_at(nights[0])))
                for now in nights:
                    server.control(now=now)
                    self.ok(site.extract("--until", now, env=clock_at(now)))
                said = int(re.search(r"about (\d+) requests a night", result.stdout).group(1))
                taken = site.value("SELECT sum(requests) FROM request_count WHERE run_id = 2 AND route LIKE '/%'")
                self.assertTrue(0.85 * taken <= said <= 1.15 * taken, (taken, said))

    @unittest.skipUnless(clock_at("2026-03-10T06:00:00Z"), "no clock to set")
    def test_a_night_of_each_stream_is_about_what_it_said(self):
        """Once it has been read: what is said of a stream and those that it needs is within 15 %, or 2 requests, of what the next
        night asks of the API for them."""
        nights = "2026-03-08T06:00:00Z", "2026-03-09T06:00:00Z"
        server = self.standin(start="2026-03-01", days=9, now=nights[0], per_day=40, agents=110, units=12, queues=12, job_polls=2)
        for name in STREAMS if FULL else random.sample(list(STREAMS), 4):
            with self.subTest(name):
                site = self.site(server.url, start="2026-03-01", extract={
                    "streams": words({name, *needed(name)}), "lookback_days": "4", "later_looks": "5, 6"})
                for now in nights:
                    if now == nights[1]:
                        result = self.ok(site.run("check", env=clock_at(nights[0])))
                    server.control(now=now, date="now")
                    self.ok(site.extract("--until", now, env=clock_at(now)))
                said = int(re.search(r"about (\d+) requests a night", result.stdout).group(1))
                taken = site.value("SELECT sum(requests) FROM request_count WHERE run_id = 2 AND route LIKE '/%'")
                self.assertLessEqual(abs(said - taken), max(2, 0.15 * taken), f"{said} said, {taken} taken")
