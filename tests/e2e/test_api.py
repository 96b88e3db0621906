"""`rollcall api`: one request of one's own, with the program's login, pace and error texts."""
import json
import os
import re
import subprocess

from broken import SECRET, cloud
from harness import TestCase, open_terminal

NOW = "2026-03-02T06:00:00Z"
QUERY = '{"interval": "2026-03-01T00:00:00Z/2026-03-02T00:00:00Z", "paging": {"pageSize": 3, "pageNumber": 1}}'
DETAILS = "/api/v2/analytics/conversations/details"


class Api(TestCase):
    def setUp(self):
        self.server = self.standin(start="2026-03-01", days=1, per_day=12, agents=7, now=NOW)
        self.box = self.site(self.server.url)

    def answers(self, *arguments, code=0, **options):
        """The JSON documents that are printed, one a line."""
        done = self.ok(self.box.run("api", *arguments, **options), code)
        return [json.loads(line) for line in done.stdout.splitlines()], done

    def sent(self):
        return [(method, path) for method, path, _ in self.server.requests()["requests"] if path.startswith("/api/")]

    def test_a_path_in_all_its_forms(self):
        for path in ("/api/v2/users?pageSize=1", "api/v2/users?pageSize=1", self.server.url + "/api/v2/users?pageSize=1"):
            for words in ((path,), ("get", path), ("GET", path)):
                with self.subTest(words):
                    (page,), done = self.answers(*words)
                    self.assertEqual((len(page["entities"]), page["total"], done.stderr), (1, 7, ""))

    def test_all_pages(self):
        pages, _ = self.answers("--paginate", "/api/v2/users?pageSize=3")
        self.assertEqual([len(page["entities"]) for page in pages], [3, 3, 1])
        (job,), _ = self.answers("POST", DETAILS + "/jobs", "-d", '{"interval": "2026-03-01T00:00:00Z/2026-03-02T00:00:00Z"}')
        while self.answers(f"{DETAILS}/jobs/{job['jobId']}")[0][0]["state"] != "FULFILLED":
            pass
        pages, _ = self.answers(f"{DETAILS}/jobs/{job['jobId']}/results?pageSize=5", "--paginate")
        self.assertGreater(len(pages), 2)
        ids = [c["conversationId"] for page in pages for c in page["conversations"]]
        self.assertEqual(len(set(ids)), len(ids))

    def test_a_body_from_here_a_file_and_standard_input(self):
        name = self.box.directory + "/query.json"
        with open(name, "w", encoding="utf-8") as f:
            f.write(QUERY)
        for body, given in ((QUERY, None), ("@" + name, None), ("@-", QUERY)):
            with self.subTest(body):
                (page,), _ = self.answers(DETAILS + "/query", "--data", body, input=given)
                self.assertEqual(len(page["conversations"]), 3)

    def test_nothing_is_sent_that_may_change_something(self):
        for words in (["DELETE", DETAILS + "/jobs/1"], ["PUT", "/api/v2/users/1", "-d", "{}"], ["PATCH", "/api/v2/users/1"],
                      ["POST", "/api/v2/routing/queues", "-d", "{}"], ["/api/v2/users", "-d", "{}"],
                      ["POST", DETAILS + "/query/../../../users"], ["POST", DETAILS + "/query/", "-d", "{}"],
                      ["POST", "/api/v2/analytics//details/query", "-d", "{}"],
                      ["POST", "/api/v2/workforcemanagement/managementunits/a/b/agentschedules/search"]):
            with self.subTest(words):
                done = self.ok(self.box.run("api", *words), 2)
                self.assertIn("--write", done.stderr)
        self.assertEqual(self.sent(), [])
        done = self.box.run("api", "PUT", "/api/v2/users", "-d", "{}", "--write")
        self.assertEqual(self.sent(), [("PUT", "/api/v2/users")], done.stderr)

    def test_the_token_goes_to_the_api_host_alone(self):
        for path in ("https://example.com/api/v2/users", "//example.com/api/v2/users", self.server.url + "@example.com/",
                     "http:example.com", self.server.url + ".example.com/", "/api/v2/users?a=1\r\nX: y", "/api v2", "\\\\h", ""):
            with self.subTest(path):
                self.ok(self.box.run("api", path), 2)
        for words in ([], ["a", "b", "c"], ["FETCH", "/api/v2/users"], ["POST", DETAILS + "/query", "--paginate"],
                      ["/api/v2/users", "-d", "@/nonexistent"]):
            with self.subTest(words):
                self.ok(self.box.run("api", *words), 2)
        self.assertEqual(self.sent(), [])

    def test_a_next_page_elsewhere_or_the_same_is_refused(self):
        for uri, said, path in (("https://example.com/api/v2/users?pageNumber=2", "another host", None),
                                ("/api/v2/users?pageSize=3", "came before", None),
                                ("/api/v2/users?pageSize=4", "came before", "/api/v2/users?pageSize=4")):
            with self.subTest(uri):
                hostile = cloud(self, {path or "/none": (200, {"nextUri": "/api/v2/users?pageSize=3"}),
                                       "/api/v2/users": (200, {"entities": [], "nextUri": uri})})
                self.box.set(genesys={"login_url": hostile.url, "api_url": hostile.url, "client_secret": SECRET})
                _, done = self.answers("--paginate", "/api/v2/users?pageSize=3", code=8)
                self.assertIn(said, done.stderr)
                self.assertEqual([r["path"] for r in hostile.seen], ["/oauth/token", "/api/v2/users?pageSize=3", *([path] if path else [])])

    def test_no_next_page_and_what_is_not_sent_twice(self):
        """A request that may have changed something is not sent again; an empty nextUri or cursor is the end."""
        for words, answer, times in ((("POST", "/api/v2/users", "-d", "{}", "--write"), (503, {}), 1),
                                     (("POST", "/api/v2/users", "-d", "{}", "--write"), "cut", 1),
                                     (("POST", "/api/v2/users", "-d", "{}", "--write"), (429, {}, {"Retry-After": "0"}), 2),
                                     (("/api/v2/users",), (503, {}), 2),
                                     (("--paginate", "/api/v2/users"), (200, {"nextUri": "", "cursor": ""}), 1)):
            with self.subTest((words, answer)):
                left = [answer]
                hostile = cloud(self, {"/api/v2/users": lambda _, left=left: left.pop() if left else (200, {})})
                self.box.set(genesys={"login_url": hostile.url, "api_url": hostile.url, "client_secret": SECRET})
                done = self.box.run("api", *words)
                self.assertEqual((len(hostile.seen) - 1, done.returncode), (times, 0 if times == 2 or answer[0] == 200 else 7), done.stderr)

    def test_a_refusal_is_printed_and_has_its_exit_code(self):
        for words in (("/api/v2/nothing/here",), ("DELETE", "/api/v2/nothing/here", "--write")):
            (body,), done = self.answers(*words, code=8)
            self.assertEqual(body["status"], 404)
            self.assertIn("HTTP 404", done.stderr)
        self.server.control(deny=["/api/v2/routing/queues"])
        (body,), done = self.answers("/api/v2/routing/queues", code=5)
        self.assertRegex(done.stderr, "routing:queue:view")
        self.assertEqual(body["code"], "missing.any.permissions")
        self.box.set(genesys={"client_secret": "wrong"})
        self.ok(self.box.run("api", "/api/v2/users"), 4)

    def test_a_terminal_gets_letters_and_nothing_that_drives_it(self):
        hostile = cloud(self, {"/api/v2/users": (200, '{"a": "5 \u00a3, 20 \u00b0C \x1b[2J\x7f\u009b2J"}')})
        self.box.set(genesys={"login_url": hostile.url, "api_url": hostile.url, "client_secret": SECRET})
        main, terminal = open_terminal()
        self.ok(self.box.run("api", "/api/v2/users", stdout=terminal))
        self.assertEqual(os.read(main, 4096).strip(), '{"a": "5 \u00a3, 20 \u00b0C ?[2J??'.encode() + b'\x9b2J"}')

    def test_no_secret_is_shown(self):
        done = self.box.run("-vv", "api", "/api/v2/users?pageSize=1")
        self.assertNotRegex(done.stdout + done.stderr, re.escape(self.box.settings["genesys"]["client_secret"]))

    def test_a_reader_that_goes_away_is_no_error(self):
        done = subprocess.run(["sh", "-c", '"$@" | head -c 5', "sh", *self.box.command("api", "--paginate", "/api/v2/users?pageSize=1")],
                              env=self.box.environment(), capture_output=True, text=True, check=False)
        self.assertEqual((done.stderr, len(done.stdout)), ("", 5))

    def test_a_closed_output_is_no_connection(self):
        """What is opened next would take its place: the answer goes nowhere, least of all back to the server."""
        done = self.ok(self.box.run("api", "/api/v2/users", before=("sh", "-c", 'exec "$@" >&-', "sh")), 9)
        self.assertIn("cannot write the output", done.stderr)
        done = self.ok(self.box.run("api", "/api/v2/users", "-d", "@-", before=("sh", "-c", 'exec "$@" <&-', "sh")), 2)
        self.assertIn("cannot read /dev/stdin", done.stderr)
