"""The budget of requests: never exceeded, cleanly ended, and gone on with the next night; a month's, which all runs share."""
import unittest

from harness import FEW, TestCase

RATE = 6


def sent(server):
    """Requests as the budget counts them."""
    return sum(n for route, n in server.requests()["routes"].items() if "/standin/" not in route)


class OfARun(TestCase):
    def site_of(self, budget, server, streams=FEW, **extract):
        return self.site(server.url, extract={"max_requests": budget, "streams": streams, **extract})

    def test_ends_cleanly_and_goes_on(self):
        server = self.standin(days=3, per_day=300, page_cap=20)
        site = self.site_of(20, server)
        for night in range(40):
            server.control(reset_requests=True)
            result = site.extract("--until", "2026-03-04T00:00:00Z")
            self.assertLessEqual(sent(server), 20)
            if result.returncode == 0:
                break
            self.ok(result, RATE)
            self.assertEqual(sent(server), 20)
            said = [line for line in result.stderr.splitlines() if "budget" in line]
            self.assertEqual(said, ["rollcall: the budget of this run is used up: 20 requests ([extract] max_requests). "
                                    "What was read is kept; the next run goes on from there"])
        self.assertGreater(night, 2)
        self.assertEqual(site.value("SELECT count(*) FROM conversation"), len(server.truth("2026-03-01")))
        self.assertEqual(site.value("SELECT sum(requests) FROM request_month"), site.value("SELECT sum(requests) FROM run"))

    def test_values_that_are_none(self):
        for key in ("max_requests", "max_requests_month"):
            for value in ("19", "0", "-20", "many"):
                result = self.ok(self.site("http://127.0.0.1:9", extract={key: value}).extract(), 3)
                self.assertRegex(result.stderr, rf"rollcall.ini:\d+: \[extract\] {key}.*whole number from 20 to")


if __name__ == "__main__":
    unittest.main()
