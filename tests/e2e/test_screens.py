"""What a person sees on the screen: each is kept as a file of tests/golden/screens (see screen.py)."""
import time
import unittest

from broken import SECRET, cloud, login_error, missing
from harness import TestCase
from screen import SIZES, assert_kept, at_screen

YESTERDAY = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400))
LOGIN = "/oauth/token"


class Check(TestCase):
    def screens(self, name, code, answers=None):
        site = self.site(cloud(self, answers).url, start=YESTERDAY, genesys={"client_secret": SECRET},
                         database={"path": "rollcall.db"}, extract={"requests_per_minute": "300"})
        site.config = "rollcall.ini"
        for size in SIZES:
            screen, written, got = at_screen(site.command("check"), site.environment(), size, cwd=site.directory)
            self.assertEqual(got, code, written)
            assert_kept(self, name, screen)
        return written, screen

    def test_good(self):
        written, _ = self.screens("check-good", 0)
        self.assertIn("\x1b[32mok\x1b[0m", written)

    def test_wrong_secret(self):
        written, screen = self.screens("check-wrong-secret", 4, {LOGIN: login_error(401, "invalid_client", "authentication failed")})
        words = [line.split()[0] for line in screen.lines if line[:1] not in ("", " ")]
        self.assertEqual(words[-4:], ["FAILED", "cause", "remedy", "$"])
        self.assertEqual(written.count("SAML"), 1)
        self.assertEqual(written.count("skipped"), 1)

    def test_missing_permission(self):
        self.screens("check-missing-permission", 5, {"/api/v2/routing/queues": missing("routing:queue:view")})


if __name__ == "__main__":
    unittest.main()
