"""Memory stays flat however many days of all streams are read."""
import datetime
import os
import sys
import unittest

from harness import FULL, MEASURE, TestCase

START = datetime.date(2026, 1, 1)
MOST_MIB = 48


@unittest.skipIf(os.environ.get("ROLLCALL_SANITIZED"), "sanitizers need memory of their own")
class Memory(TestCase):
    def rss(self, days):
        now = f"{START + datetime.timedelta(days=days)}T06:00:00Z"
        server = self.standin(start=str(START), days=days, per_day=40, agents=20, now=now)
        site = self.site(server.url, start=str(START), extract={"streams": "all, quality, telephony"})
        result = self.ok(site.extract("--until", now, before=(sys.executable, "-c", MEASURE)))
        self.assertEqual(site.value("SELECT count(*) FROM extract_window WHERE stream = 'conversations' AND state <> 'open'"), days)
        return int(result.stdout.rsplit("rss", 1)[1])

    def test_flat(self):
        few, many = (self.rss(days) for days in ((10, 90) if FULL else (3, 10)))
        print(f"{few} and {many} MiB")
        self.assertLessEqual(many, MOST_MIB)
        self.assertLessEqual(many - few, 12, "more than pages that wait and the walkers of kinds that few days have not met")


if __name__ == "__main__":
    unittest.main()
