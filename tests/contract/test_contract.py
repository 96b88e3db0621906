"""A whole extraction under the eyes of the vendor's OpenAPI file, with no violation on either side.

    rollcall -> relay (here, takes notes) -> Prism, which judges by the file GENESYS_OPENAPI -> stand-in

Prism answers a request or an answer that breaks the file with problem+json in place of the answer.
The login is not in the file, so the token comes from the stand-in itself. Without the file the
tests are skipped; an org serves its own at /api/v2/docs/swagger.
"""
import http.client
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import threading
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from harness import ROLLCALL, TestCase, wait_until  # noqa: E402
from proof_world import World  # noqa: E402

BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
OPENAPI = os.environ.get("GENESYS_OPENAPI", "")
PRISM_VERSION = "5.14.2"
PRISM = os.path.join(BUILD, "prism", "node_modules", "@stoplight", "prism-cli", "dist", "index.js")
QUERY = "/api/v2/analytics/conversations/details/query"
JOBS = "/api/v2/analytics/conversations/details/jobs"
NOW = "2026-03-04T18:00:00Z"

if not OPENAPI:
    raise unittest.SkipTest("GENESYS_OPENAPI names no OpenAPI file")


def setUpModule():
    if not os.path.isfile(OPENAPI):
        raise FileNotFoundError("GENESYS_OPENAPI: no such file: " + OPENAPI)
    if not os.path.exists(PRISM):
        subprocess.run(["npm", "install", "--no-fund", "--no-audit", "--loglevel=error",
                        "--prefix", os.path.join(BUILD, "prism"), "@stoplight/prism-cli@" + PRISM_VERSION],
                       check=True, stdin=subprocess.DEVNULL)


class Relay:
    """Passes requests on to Prism on `port`; notes each one, and what Prism finds wrong with it."""

    def __init__(self, port):
        self.seen = []
        self.violations = []
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                onward = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
                headers = {name: value for name, value in self.headers.items()
                           if name.lower() not in ("host", "connection", "content-length")}
                onward.request(self.command, self.path, body or None, headers)
                answer = onward.getresponse()
                data = answer.read()
                relay.seen.append("%s %s" % (self.command, self.path))
                kind = answer.headers.get("Content-Type", "")
                found = answer.headers.get("sl-violations")
                if "problem+json" in kind or found:
                    relay.violations.append("%s %s: %s" % (self.command, self.path,
                                                           found or data.decode("utf-8", "replace")))
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in ("connection", "keep-alive", "content-length", "transfer-encoding"):
                        self.send_header(name, value)
                if answer.status != 204:
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                onward.close()

            do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = pass_on

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class ContractTest(TestCase):
    def start_prism(self, upstream):
        """Prism between a new relay, which is returned, and the upstream URL."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        path = os.path.join(self.directory(), "prism.log")
        with open(path, "w", encoding="utf-8") as log:
            prism = subprocess.Popen(["node", PRISM, "proxy", "--errors", "-h", "127.0.0.1", "-p", str(port), OPENAPI, upstream],
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.addCleanup(prism.wait)
        self.addCleanup(prism.terminate)

        def listening():
            with open(path, encoding="utf-8", errors="replace") as log:
                text = log.read()
            if prism.poll() is not None:
                raise RuntimeError("prism ended: " + text)
            return "Prism is listening" in text

        wait_until(listening, "prism does not listen", 120)
        relay = Relay(port)
        self.addCleanup(relay.close)
        return relay

    def start_standin(self):
        return self.standin(start="2026-03-02", per_day=120, agents=110, now=NOW, availability_lag=21600)

    def extract(self, server, realtime, program=ROLLCALL):
        """A whole extraction with a program; what was asked on the way."""
        relay = self.start_prism(server.url)
        site = self.site(server.url, start="2026-03-02", adherence={"realtime": realtime}, genesys={"api_url": relay.url})
        site.program = program
        done = site.extract("--until", NOW, timeout=600)
        self.assertEqual(relay.violations, [], done.stderr)
        self.ok(done)
        return relay

    def assert_seen(self, relay, *patterns):
        for pattern in patterns:
            self.assertTrue(any(re.fullmatch(pattern, line) for line in relay.seen),
                            "no request like %s among %s" % (pattern, sorted(set(relay.seen))))

    def test_whole_extraction(self):
        relay = self.extract(self.start_standin(), "workforcemanagement")
        self.assert_seen(relay, "GET %s/availability" % JOBS, "POST " + JOBS, "GET %s/[^/]+" % JOBS,
                         r"GET %s/[^/]+/results\?.*" % JOBS, "DELETE %s/[^/]+" % JOBS, "POST " + QUERY,
                         r"GET /api/v2/analytics/conversations/details\?.*id=.*",
                         r"GET /api/v2/workforcemanagement/adherence\?.*", r"GET /api/v2/users\?.*",
                         r"GET /api/v2/routing/queues\?.*")

    def test_agents_status(self):
        relay = self.extract(self.start_standin(), "agents_status")
        self.assert_seen(relay, r"POST /api/v2/analytics/agents/status/query(\?.*)?")

    def test_streams_to_come(self):
        """Those of tests/proof, and their pages. Downloads come from elsewhere, and are in no API file."""
        server = self.start_standin()
        World(start="2026-03-02", days=3).serve(server)
        relay = self.extract(server, "workforcemanagement", os.path.join(os.path.dirname(ROLLCALL), "proof"))
        reports, details = "/api/v2/workforcemanagement/adherence/historical/bulk", "/api/v2/analytics/users/details/jobs"
        self.assert_seen(relay, r"GET /api/v2/routing/wrapupcodes\?.*", "GET /api/v2/workforcemanagement/managementunits",
                         "POST " + reports, f"GET {reports}/jobs/[^/]+", "POST " + details, f"GET {details}/[^/]+",
                         rf"GET {details}/[^/]+/results\?.*", f"DELETE {details}/[^/]+",
                         "POST /api/v2/analytics/conversations/aggregates/query")

    def test_violations_of_either_side_are_seen(self):
        """The control: Prism and the relay do find a wrong request and a wrong answer."""

        class WrongAnswer(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = json.dumps({"conversations": [{"conversationId": 5}]}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        upstream = http.server.HTTPServer(("127.0.0.1", 0), WrongAnswer)
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        self.addCleanup(upstream.server_close)
        self.addCleanup(upstream.shutdown)
        relay = self.start_prism("http://127.0.0.1:%d" % upstream.server_address[1])
        for body, word in (({"interval": 4}, "interval"),
                           ({"interval": "2026-03-02T00:00:00Z/2026-03-03T00:00:00Z"}, "conversationId")):
            client = http.client.HTTPConnection("127.0.0.1", int(relay.url.rsplit(":", 1)[1]), timeout=60)
            client.request("POST", QUERY, json.dumps(body),
                           {"Content-Type": "application/json", "Authorization": "Bearer x"})
            self.assertGreaterEqual(client.getresponse().status, 400)
            client.close()
            self.assertIn(word, relay.violations[-1])
        self.assertEqual(len(relay.violations), 2)


if __name__ == "__main__":
    unittest.main()
