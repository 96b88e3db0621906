"""The budget of requests: never exceeded, cleanly ended, and gone on with the next night; a month's, which all runs share."""
import concurrent.futures
import os
import random
import unittest

from harness import CHANGE_LOGS, FEW, FULL, LEDGER, TestCase, canonical, clock_at, killed, plain_rows, table_names

RATE = 6


def sent(server):
    """Requests as the budget counts them."""
    return sum(n for route, n in server.requests()["routes"].items() if "download" not in route)


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


class Sequence:
    """Nights of small budgets, made of a seed, until all is read; what is stored then equals one extraction."""

    streams = "all, quality, telephony, -adherence_realtime"
    nights = 80

    def __init__(self, seed):
        self.seed, self.random, self.test, self.log = seed, random.Random(seed), TestCase(), []
        r = self.random
        agents = r.choice((12, 30))
        self.world = {"days": r.randint(2, 4), "per_day": r.choice((10, 60, 200)), "page_cap": r.choice((15, 40, 1000)),
                      "users_page_cap": r.choice((3, 100)), "agents": agents, "seed": seed % 997 + 1}
        self.settings = {"in_flight": r.choice((1, 4, 16)), "streams": self.streams, "reread_hours": 0}
        self.method = r.choice(("auto", "job", "query"))
        self.server = self.test.standin(now="2026-03-05T06:00:00Z", **self.world)
        self.server.control(date="now")

    def site(self):
        site = self.test.site(self.server.url, extract=self.settings, conversations={"method": self.method})
        site.env["ROLLCALL_LIMIT_RESUME_PAGE_MS"] = "0"  # as if each run were another night
        return site

    def night(self, site, hour, budget):
        now = f"2026-03-05T{hour:02}:00:00Z"
        self.server.control(now=now, reset_requests=True)
        env = clock_at(now)
        if budget and self.random.random() < 0.2:
            env["ROLLCALL_KILL_STEP"] = self.random.randint(1, 120)
        site.set(extract={"max_requests": budget})
        result = site.extract(env=env)
        self.log.append(f"hour {hour}, budget {budget}: {result.returncode}, {sent(self.server)} sent; {result.stderr[-300:]}")
        if budget:
            self.test.assertLessEqual(sent(self.server), budget)
        return result

    def carry_out(self):
        """None, or what is wrong."""
        hours = sorted(self.random.choices(range(6, 12), k=self.random.randint(1, 8)))
        try:
            site = self.site()
            for number in range(self.nights):
                hour = hours[min(number, len(hours) - 1)]
                result = self.night(site, hour, self.random.randint(20, 60))
                if result.returncode == 0 and number >= len(hours) - 1:
                    break
                self.test.assertTrue(killed(result) or result.returncode in (0, RATE, 13), "a night")
            self.test.assertEqual(result.returncode, 0, "nights enough")
            fresh = self.site()
            self.test.assertEqual(self.night(fresh, hours[-1], None).returncode, 0)
            for table in sorted(table_names(fresh) - LEDGER - CHANGE_LOGS):
                self.test.assertEqual(*(canonical(plain_rows(s, table)) for s in (site, fresh)), table)
        except AssertionError as e:
            return "\n".join([f"{self.world} {self.settings} {self.method}", *self.log, str(e)])
        finally:
            self.test.doCleanups()
        return None


class Nights(unittest.TestCase):
    def test_sequences(self):
        asked = os.environ.get("ROLLCALL_NIGHTS")
        seeds = [int(asked)] if asked else [*range(1, 41 if FULL else 2), random.SystemRandom().randrange(1000, 10**6)]
        print(f"seeds {seeds}")
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            wrong = {seed: found for seed, found in zip(seeds, pool.map(lambda seed: Sequence(seed).carry_out(), seeds)) if found}
        for seed, found in wrong.items():
            print(f"ROLLCALL_NIGHTS={seed}\n{found}\n")
        self.assertEqual(sorted(wrong), [])


if __name__ == "__main__":
    unittest.main()
