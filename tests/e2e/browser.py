"""A real browser for the tests: headless Chromium, driven by ChromeDriver's HTTP interface (WebDriver)."""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request

from harness import ROOT

AXE = ROOT / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--hide-scrollbars"]


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="rollcall-test-")
        self.driver = subprocess.Popen([shutil.which("chromedriver"), "--port=0"], stdout=subprocess.PIPE, text=True,
                                       stderr=subprocess.DEVNULL)
        line = next(line for line in self.driver.stdout if "started successfully on port" in line)
        self.url = f"http://127.0.0.1:{line.split()[-1].rstrip('.')}/session"
        options = {"binary": shutil.which("chromium"), "args": [*ARGUMENTS, f"--user-data-dir={self.profile}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.url += "/" + self.ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def close(self):
        try:
            self.ask("DELETE", "")
        finally:
            self.driver.kill()
            self.driver.wait()
            self.driver.stdout.close()
            shutil.rmtree(self.profile, ignore_errors=True)

    def devtools(self, command, **parameters):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def show(self, path, width=1440, height=900, dark=False, media="screen"):
        """Opens a file in a window of this width, or as paper has it (media="print")."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.devtools("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.ask("POST", "/url", {"url": f"file://{path}"})

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def messages(self):
        """What the console has said since it was last asked, but for what the browser says of pages of its own."""
        said = [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"})]
        return [message for message in said if not message.startswith("chrome://")]

    def violations(self):
        """What axe-core finds: (rule, the elements)."""
        self.devtools("Runtime.evaluate", expression=AXE.read_text(encoding="utf-8"))
        found = self.ask("POST", "/execute/async", {"script": "axe.run().then(r => arguments[0](r.violations), e => arguments[0]([String(e)]))",
                                                    "args": []})
        return [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in found]

    def picture(self, path, whole=True):
        """Writes a PNG of the page, or of its window."""
        shot = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as f:
            f.write(base64.b64decode(shot["data"]))

    def paper(self):
        """The page as a PDF on A4."""
        return base64.b64decode(self.devtools("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, preferCSSPageSize=True,
                                              printBackground=True)["data"])


if __name__ == "__main__":
    browser = Browser()
    browser.show(os.path.abspath(sys.argv[1]), 1280, 1330)
    browser.picture(sys.argv[2], whole=False)
    browser.close()
