"""Settings that the figures go by, the calendar, and agents' days, computed once more over what the stand-in says is true."""
import datetime
import unittest
import zoneinfo

from harness import TestCase

NOW = "2026-03-04T00:30:00Z"


class Settings(TestCase):
    KEYS = ("include_flow_outs", "include_short_abandons", "include_abandons", "default_target_seconds")

    def test_the_file_takes_them_with_the_next_extract_and_others_say_that_it_has_others(self):
        server = self.standin(now=NOW, days=1, per_day=2, agents=3)
        site = self.site(server.url)

        def kept():
            return tuple(site.query(f"SELECT {', '.join(self.KEYS)} FROM kpi")[0])

        self.ok(site.extract("--stream", "queues"))
        self.assertEqual(kept(), (0, 1, 1, 20))
        site.set(kpi={"include_flow_outs": "yes", "include_abandons": "no", "default_target_seconds": "30"})
        for command in (("query", "freshness"), ("export", "kpi"), ("status",), ("snapshot", "copy.db")):
            told = site.run(*command).stderr
            self.assertIn("include_flow_outs = 0, include_abandons = 1, default_target_seconds = 20", told)
            self.assertIn("include_flow_outs = 1, include_abandons = 0, default_target_seconds = 30", told)
            self.assertEqual(len(told.splitlines()), 1)
        self.assertEqual(kept(), (0, 1, 1, 20))
        server.control(reset_requests=True)
        self.ok(site.extract("--stream", "queues"))
        self.assertEqual(kept(), (1, 1, 0, 30))
        self.assertEqual(set(server.requests()["routes"]) - {"POST /oauth/token"}, set(), "nothing is read for it")
        self.assertEqual(site.run("query", "freshness").stderr, "")
        for value in ("include_abandons = perhaps", "include_abandon = no", "default_target_seconds = 0"):
            key, _, word = value.partition(" = ")
            site.set(kpi={**{k: None for k in self.KEYS}, key: word})
            self.assertIn("[kpi]", self.ok(site.extract(), 3).stderr)
            site.set(kpi={key: None})

    def test_the_calendar(self):
        server = self.standin(now="2025-10-28T00:30:00Z", start="2025-10-24", days=3, per_day=2, agents=3)
        site = self.site(server.url, start="2025-10-24", timezone="Europe/Berlin")
        self.ok(site.extract("--stream", "conversations", "--until", "2025-10-28T00:30:00Z"))
        days = [dict(r) for r in site.query("SELECT * FROM v_day ORDER BY day")]
        self.assertEqual(len(days), len({d["day"] for d in days}))
        zone = zoneinfo.ZoneInfo("Europe/Berlin")
        whole = dict(site.query("SELECT day, whole FROM freshness WHERE stream = 'conversations'"))
        for d, following in zip(days, days[1:]):
            day = datetime.date.fromisoformat(d["day"])
            begins = datetime.datetime.combine(day, datetime.time(), zone).astimezone(datetime.timezone.utc)
            ends = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time(), zone).astimezone(datetime.timezone.utc)
            year, week, weekday = day.isocalendar()
            self.assertEqual(d, {
                "day": day.isoformat(), "utc_from": begins.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "utc_to": ends.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "hours": (ends - begins) / datetime.timedelta(hours=1),
                "weekday": weekday, "iso_week": f"{year}-W{week:02d}", "month": day.strftime("%Y-%m"),
                "whole": whole.get(d["day"], 0), "proven": None})
            self.assertEqual(following["utc_from"], d["utc_to"])
        self.assertEqual({d["hours"] for d in days}, {23.0, 24.0, 25.0})
        self.assertEqual(sum(d["whole"] for d in days), 4)


if __name__ == "__main__":
    unittest.main()
