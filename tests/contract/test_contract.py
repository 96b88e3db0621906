"""Whole extractions under the eyes of the vendor's OpenAPI file, with no violation on either side.

    rollcall -> relay (here, takes notes) -> Prism, which judges by the file GENESYS_OPENAPI -> stand-in

Prism answers a request or an answer that breaks the file with problem+json in place of the answer.
What each stream asks for is taken from the sources of src/streams, and must have been seen. What the
file lacks goes past Prism, and must be what LACKS says. The login is not in the file, so the token
comes from the stand-in itself. Without the file the tests are skipped; an org serves its own at
/api/v2/docs/swagger.
"""
import collections
import glob
import http.client
import json
import os
import re
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from harness import ROLLCALL, Answering, Api, TestCase, serve, stream_names, wait_until  # noqa: E402

BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
OPENAPI = os.environ.get("GENESYS_OPENAPI", "")
PRISM_VERSION = "5.14.2"
PRISM = os.path.join(BUILD, "prism", "node_modules", "@stoplight", "prism-cli", "dist", "index.js")
QUERY = "/api/v2/analytics/conversations/details/query"
START, NOW = "2026-03-02", "2026-03-04T18:00:00Z"
EXTRACT = ("extract", "--until", NOW)

# Operations that streams use and the file does not have.
LACKS = {
    "GET /api/v2/analytics/agents/realtime/intervals": "not in the vendor's public API",
}

# What is read, and how the site is set; `deny`: what the stand-in refuses, so that something else is asked.
RUNS = (
    {"streams": "every"},
    {"streams": "users, adherence_realtime", "adherence": {"realtime": "agents_status"}},
    {"streams": "users, adherence_realtime", "adherence": {"realtime": "realtime_intervals"}},
    {"streams": "conversations", "conversations": {"method": "query"}},
    {"streams": "adherence_historical", "deny": ["/api/v2/workforcemanagement/adherence/historical/bulk"]},
)


if not OPENAPI:
    raise unittest.SkipTest("GENESYS_OPENAPI names no OpenAPI file")


def setUpModule():
    if not os.path.isfile(OPENAPI):
        raise FileNotFoundError("GENESYS_OPENAPI: no such file: " + OPENAPI)
    if not os.path.exists(PRISM):
        subprocess.run(["npm", "install", "--no-fund", "--no-audit", "--loglevel=error",
                        "--prefix", os.path.join(BUILD, "prism"), "@stoplight/prism-cli@" + PRISM_VERSION],
                       check=True, stdin=subprocess.DEVNULL)


def template(operation):
    """METHOD PATH whose parts in braces may be anything, as a pattern."""
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", operation)))


def asked_for():
    """METHOD PATH of all that the streams ask of the API, from their sources."""
    found = set()
    for source in glob.glob(os.path.join(ROOT, "src", "streams", "*.c")):
        text = subprocess.run([*os.environ.get("CC", "cc").split(), "-E", "-P", "-D_GNU_SOURCE", "-Isrc", "-I%s/gen" % BUILD, source],
                              cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for method, literals in re.findall(r'(?:\.method = HTTP_(\w+),\s*)?\.\w+ = \(?((?:"[^"]*"\s*)+)', text):
            path = "".join(re.findall(r'"([^"]*)"', literals)).partition("?")[0]
            if path.startswith("/api/"):
                found.add("%s %s" % (method or "GET", path))
    return found


class Relay:
    """Passes what the file has on to Prism, all else to the stand-in; notes each request, and what Prism finds wrong."""

    def __init__(self, case, prism, standin):
        with open(OPENAPI, encoding="utf-8") as file:
            paths = json.load(file)["paths"]
        self.deprecated = {"%s %s" % (method.upper(), path) for path in paths for method, operation in paths[path].items()
                           if operation.get("deprecated")}
        # Of several that fit, the one with the fewest parameters is meant.
        self.known = {operation: template(operation) for path in sorted(paths, key=lambda p: p.count("{"))
                      for operation in ("%s %s" % (method.upper(), path) for method in paths[path])}
        self.seen = set()  # METHOD PATH
        self.operations = collections.Counter()  # those of the file
        self.violations = []
        relay = self

        class Handler(Answering):
            def answer(self, body):
                line = "%s %s" % (self.command, self.path.partition("?")[0])
                relay.seen.add(line)
                onward = http.client.HTTPConnection("127.0.0.1", prism if relay.judged(line) else standin, timeout=120)
                relay.operations.update(filter(None, [relay.judged(line)]))
                headers = {name: value for name, value in self.headers.items()
                           if name.lower() not in ("host", "connection", "content-length")}
                onward.request(self.command, self.path, body or None, headers)
                answer = onward.getresponse()
                data = answer.read()
                kind = answer.headers.get("Content-Type", "")
                found = answer.headers.get("sl-violations")
                if "problem+json" in kind or found:
                    relay.violations.append("%s %s %s: %s" % (self.command, self.path[:200], body[:500].decode("utf-8", "replace"),
                                                              (found or data.decode("utf-8", "replace"))[:1500]))
                self.send(answer.status, data, {name: value for name, value in answer.headers.items() if name.lower() not in
                                                ("connection", "keep-alive", "content-length", "transfer-encoding")})
                onward.close()

        self.url = serve(case, Handler).url

    def judged(self, line):
        """The operation of the file that a request is; None: it has none."""
        return next((operation for operation, pattern in self.known.items() if pattern.fullmatch(line)), None)


def mended_file(case):
    """The file, but that times which it says have no time zone need not have one."""
    with open(OPENAPI, encoding="utf-8") as file:
        text = json.load(file, object_hook=lambda o: {k: v for k, v in o.items() if k != "format" or
                                                      "without a timezone" not in o.get("description", "")})
    path = os.path.join(case.directory(), "openapi.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(text, file)
    return path


def start_prism(case, upstream):
    """Prism in front of an upstream URL, as long as a test case; its port."""
    path = os.path.join(case.directory(), "prism.log")
    with open(path, "w", encoding="utf-8") as log:
        prism = subprocess.Popen(["node", PRISM, "proxy", "--errors", "-h", "127.0.0.1", "-p", "0", mended_file(case), upstream],
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    case.addCleanup(prism.wait)
    case.addCleanup(prism.terminate)

    def port():
        with open(path, encoding="utf-8", errors="replace") as log:
            text = log.read()
        if prism.poll() is not None:
            raise RuntimeError("prism ended: " + text)
        return re.search(r"Prism is listening on http://127\.0\.0\.1:(\d+)\s", text)

    return int(wait_until(port, "prism does not listen", 120).group(1))


class ContractTest(TestCase):
    @classmethod
    def setUpClass(cls):
        case = cls.shared()
        cls.server = case.standin(start=START, per_day=60, agents=110, now=NOW, availability_lag=21600, realtime_intervals="array")
        cls.relay = Relay(case, start_prism(case, cls.server.url), cls.server.port)

    def run_judged(self, *command, streams="every", program=ROLLCALL, deny=(), **sections):
        self.server.control(deny=list(deny))
        self.relay.violations.clear()
        streams = ", ".join(stream_names(program)) if streams == "every" else streams
        site = self.site(self.server.url, start=START, extract={"streams": streams}, genesys={"api_url": self.relay.url}, **sections)
        site.program, site.env["ROLLCALL_LIMIT_PATIENCE_MS"] = program, "100000"  # Prism takes its time
        done = site.run(*command, timeout=600)
        self.assertEqual(list(dict.fromkeys(self.relay.violations))[:5], [], done.stderr)
        self.ok(done)

    def test_every_operation_of_every_stream(self):
        for run in RUNS:
            with self.subTest(**run):
                self.run_judged(*EXTRACT, **run)
        asked = asked_for()
        others = self.relay.seen - asked  # /jobs/availability is no job
        unseen = [one for one in sorted(asked - self.relay.seen) if not any(template(one).fullmatch(line) for line in others)]
        self.assertEqual(unseen, [], "asked for by a stream, and not in these runs")
        self.assertEqual(sorted(line for line in self.relay.seen if " /api/" in line and not self.relay.judged(line)), sorted(LACKS))
        self.assertEqual(self.relay.deprecated & {*self.relay.operations}, set())
        print("requests judged:", *("%6d %s" % (n, line) for line, n in sorted(self.relay.operations.items())), sep="\n")
        print("the file lacks:", *("%s: %s" % lack for lack in LACKS.items()), sep="\n")

    def test_check(self):
        self.run_judged("check")

    def test_streams_to_come(self):
        """Those of tests/proof, and their pages. Downloads come from elsewhere, and are in no API file."""
        proof = os.path.join(os.path.dirname(ROLLCALL), "proof")
        own = [name for name in stream_names(proof) if name not in stream_names()]
        self.run_judged(*EXTRACT, program=proof, streams=", ".join(own))

    def test_violations_of_either_side_are_seen(self):
        """The control: Prism and the relay do find a wrong request and a wrong answer."""
        self.relay.violations.clear()
        self.server.control(faults=["wrong-types:path=" + QUERY])
        self.addCleanup(self.server.control, faults=[])
        token = Api(self.server.url).token
        for body, word in (({"interval": 4}, "interval"),
                           ({"interval": f"{START}T00:00:00Z/{NOW}"}, "Response body property conversations")):
            client = http.client.HTTPConnection("127.0.0.1", int(self.relay.url.rsplit(":", 1)[1]), timeout=60)
            client.request("POST", QUERY, json.dumps(body), {"Content-Type": "application/json", "Authorization": "Bearer " + token})
            self.assertGreaterEqual(client.getresponse().status, 400)
            client.close()
            self.assertIn(word, self.relay.violations[-1])
        self.assertEqual(len(self.relay.violations), 2)


class Names(TestCase):
    def test_metrics_of_records_are_the_vendors(self):
        """The stand-in refuses all that is not in this list: tests/unit/test_standin.c."""
        with open(OPENAPI, encoding="utf-8") as file:
            vendors = json.load(file)["definitions"]["ConversationDetailQueryPredicate"]["properties"]["metric"]["enum"]
        with open(os.path.join(ROOT, "tests", "standin", "conv.c"), encoding="utf-8") as file:
            own = re.search(r"detail_metrics\[\] =([^;]*);", file.read()).group(1)
        self.assertEqual(sorted(re.findall(r"\w+", own)), sorted(vendors))
