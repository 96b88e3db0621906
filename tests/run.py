#!/usr/bin/env python3
"""Builds and runs the tests; what `make check` calls.

    run.py                    every suite: unit tests under ASan and UBSan, all others without
    run.py SUITE|FILE...      some: unit e2e crash golden sdk standin lint contract, or files and folders
    run.py sanitize           the end-to-end tests under ASan and UBSan

Prints one line a test file, the whole output of a file that fails, what was skipped and why, and closes with
`N passed, N failed`. Exits 1 when a test failed or none ran. With CI in the environment (CI=true) a test that is skipped because
something is not there that scripts/deps.sh brings has failed: nothing may go unjudged there.
Python tests find the programs by ROLLCALL and STANDIN; ROLLCALL_SANITIZED is set where those are sanitizer builds
(slower, larger), ROLLCALL_TEST_FULL where time does not matter.
"""
import concurrent.futures
import contextlib
import gc
import glob
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.path.join(ROOT, os.environ.get("BUILD", "build")))
SANITIZED = os.path.join(BUILD, "san")
JOBS = os.environ.get("JOBS", str(os.cpu_count() or 2))
FULL = bool(os.environ.get("ROLLCALL_TEST_FULL"))
AT_ONCE = (os.cpu_count() or 2) + 3  # tests wait a lot
FILE_LIMIT_SECONDS = 6 * 3600 if FULL else 900

# Longest first, so that the last file to end is a short one.
SUITES = {
    "crash": ["tests/crash/test_*.py"],
    "contract": ["tests/contract/test_*.py"],
    "e2e": [f"tests/e2e/test_{name}.py" for name in ("trouble", "check", "init", "runs", "extract", "proof", "*")],
    "sdk": ["tests/sdk/test_*.py"],
    "standin": ["tests/standin/smoke.py"],
    "golden": ["tests/golden/test_*.py"],
    "lint": ["tests/lint/test_*.py"],
    "unit": ["tests/unit/test_*.c"],
}

# What these try is SQL, which the sanitizers do not see.
OF_SQL = {f"tests/e2e/test_{name}.py" for name in ("agent_day", "analyst_queries", "figures", "queries_sql", "readers")}

# A developer's own account and proxy never reach a test.
DROPPED_ENV = re.compile(r"(GENESYS_(?!OPENAPI$).*|CREDENTIALS_DIRECTORY|(https?|all)_proxy|MAKE.*|MFLAGS)", re.I)

print_lock = threading.Lock()
running = set()


class Outcome:
    """What one test file gave, or one build."""

    def __init__(self, label, passed=0, failed=0, skipped=(), output=""):
        self.label = label
        self.passed = passed
        self.failed = failed
        self.skipped = list(skipped)  # (test, reason)
        self.output = output
        self.seconds = 0.0

    def show(self):
        word = "FAIL" if self.failed else "ok" if self.passed else "skip"
        counts = "%4d passed" % self.passed
        if self.failed:
            counts += ", %d failed" % self.failed
        if self.skipped:
            counts += ", %d skipped" % len(self.skipped)
        with print_lock:
            print("%-4s  %-48s %s  %.1f s" % (word, self.label, counts, self.seconds))
            if self.failed:
                print("".join("      | %s\n" % line for line in self.output.splitlines()), end="")
            sys.stdout.flush()


# --- one file of Python tests, in a process of its own --------------------------------------------


class CountingResult(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def run_python_here(path, report_path):
    """Runs the tests of one file and writes the counts to report_path."""
    gc.disable()  # a tenth of the time, and no test lives long
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    report = {"passed": 0, "failed": 0, "skipped": []}
    try:
        spec.loader.exec_module(module)
    except unittest.SkipTest as skip:
        report["skipped"].append([name, str(skip)])
    else:
        suite = unittest.defaultTestLoader.loadTestsFromModule(module)
        result = unittest.TextTestRunner(verbosity=2, resultclass=CountingResult).run(suite)
        # A test of which several parts failed is one test.
        failed = {getattr(test, "test_case", test).id() for test, _ in result.failures + result.errors}
        report["passed"] = result.passed
        report["failed"] = len(failed) + len(result.unexpectedSuccesses)
        report["skipped"] = [[test.id(), reason] for test, reason in result.skipped]
    with open(report_path, "w", encoding="utf-8") as file:
        json.dump(report, file)


# --- processes ------------------------------------------------------------------------------------


def environment(suite, build):
    env = {name: value for name, value in os.environ.items() if not DROPPED_ENV.fullmatch(name) or
           (suite == "contract" and name.lower().endswith("_proxy"))}  # npm may need it
    env.update({"ROLLCALL": os.path.join(build, "rollcall"), "STANDIN": os.path.join(build, "standin"), "BUILD": build,
                "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"})
    if build == SANITIZED:
        env.update({"ROLLCALL_SANITIZED": "1", "ASAN_OPTIONS": "detect_leaks=1:exitcode=99",
                    "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99"})
    return env


def kill_group(process):
    """Ends what a test left behind, servers included."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def run_process(command, env):
    """Returns (exit status or None when over the time limit, output)."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        running.add(process)
        try:
            status = process.wait(timeout=FILE_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            kill_group(process)
            process.wait()
            running.discard(process)
        output.seek(0)
        return status, output.read().decode("utf-8", "replace")


def run_unit(outcome, path, build):
    program = os.path.join(build, "unit", os.path.splitext(os.path.basename(path))[0])
    if not os.path.exists(program):
        outcome.failed, outcome.output = 1, "not built: see the output of make above\n"
        return 0
    status, text = run_process([program], environment("unit", build))

    def named(word):
        return set(re.findall(r"^\[\s+%s\s+\] (\w+)$" % word, text, re.M))

    outcome.output = text
    outcome.passed = len(named("OK"))
    outcome.failed = len(named("FAILED") | named("ERROR"))
    outcome.skipped = [(name, "skipped by the test") for name in sorted(named("SKIPPED"))]
    return status


def run_python(outcome, path, suite, build):
    with tempfile.NamedTemporaryFile("r", prefix="rollcall-report-", encoding="utf-8") as report:
        status, outcome.output = run_process([sys.executable, "-B", os.path.abspath(__file__), "--python", path, report.name],
                                             environment(suite, build))
        counts = json.loads(report.read() or '{"passed": 0, "failed": 1, "skipped": []}')
    outcome.passed, outcome.failed, outcome.skipped = counts["passed"], counts["failed"], counts["skipped"]
    return status


def run_file(path, suite, build):
    outcome = Outcome(("san: " if build == SANITIZED else "") + path)
    started = time.monotonic()
    status = run_unit(outcome, path, build) if suite == "unit" else run_python(outcome, path, suite, build)
    if status is None:
        outcome.output += "\nover the limit of %d seconds, ended\n" % FILE_LIMIT_SECONDS
        outcome.failed = max(outcome.failed, 1)
    elif status != 0 and outcome.failed == 0:
        outcome.output += "\nexit status %d\n" % status
        outcome.failed = 1
    elif outcome.passed + outcome.failed + len(outcome.skipped) == 0:
        outcome.output += "\nno test ran\n"
        outcome.failed = 1
    outcome.seconds = time.monotonic() - started
    outcome.show()
    return outcome


# --- what is to be built, and run -----------------------------------------------------------------


def make(build, targets):
    """Builds all it can; what make said counts as a failure when something does not build."""
    outcome = Outcome(os.path.relpath(build, ROOT) + " build")
    env = dict(os.environ)
    env["MAKEFLAGS"] = " ".join(word for word in env.get("MAKEFLAGS", "").split()
                                if not word.startswith(("-j", "--jobserver", "w", "BUILD=")))
    below = os.path.relpath(build, ROOT)
    command = ["make", "-k", "-j" + JOBS, "--no-print-directory", "BUILD=" + below]
    command += ["SANITIZE=1", "CFLAGS=-O0 -g1", "WERROR="] if build == SANITIZED else []
    started = time.monotonic()
    done = subprocess.run(command + [target.replace("$", below) for target in targets], cwd=ROOT, env=env, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    outcome.seconds = time.monotonic() - started
    if done.returncode != 0:
        outcome.failed, outcome.output = 1, done.stdout.decode("utf-8", "replace")
        outcome.show()
    return outcome


def sanitizers_work():
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "probe.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write("int main(void)\n{\n    return 0;\n}\n")
        command = [os.environ.get("CC", "cc"), "-fsanitize=address,undefined", source, "-o", source + ".out"]
        return (subprocess.run(command, capture_output=True, check=False).returncode == 0 and
                subprocess.run([source + ".out"], capture_output=True, check=False).returncode == 0)


def all_files():
    """{path: suite}, in the order in which they run."""
    return {os.path.relpath(path, ROOT): suite for suite, patterns in SUITES.items() for pattern in patterns
            for path in sorted(glob.glob(os.path.join(ROOT, pattern)))}


def chosen(wanted):
    """(path, suite, build) of what the arguments name; None when one names nothing."""
    files = all_files()
    entries = []
    for word in wanted or SUITES:
        path = os.path.relpath(os.path.abspath(word), ROOT)
        found = [(p, s) for p, s in files.items() if (p + "/").startswith(path + "/") or s == ("e2e" if word == "sanitize" else word)]
        if not found:
            return None
        if word == "sanitize":
            found = [(p, s) for p, s in found if p not in OF_SQL]
        entries += [(p, s, SANITIZED if s == "unit" or word == "sanitize" else BUILD) for p, s in found]
    return list(dict.fromkeys(entries))


@contextlib.contextmanager
def scratch():
    """Where the tests make their files: in memory where there is enough of it, since they wait for the disk, and none is about
    the loss of power."""
    memory = "/dev/shm"
    if not FULL and os.path.isdir(memory) and "TMPDIR" not in os.environ:
        room = os.statvfs(memory)
        if room.f_bavail * room.f_frsize > 4 << 30 and not room.f_flag & os.ST_NOEXEC and os.access(memory, os.W_OK):
            with tempfile.TemporaryDirectory(dir=memory, prefix="rollcall-", ignore_cleanup_errors=True) as folder:
                os.chmod(folder, 0o1777)  # as /tmp is
                os.environ["TMPDIR"] = folder
                yield
            return
    yield


def run_all(entries):
    """Builds what the entries need and runs them; the outcomes."""
    outcomes = []
    if any(build == SANITIZED for _, _, build in entries) and not sanitizers_work():
        lack = "this compiler has no working ASan and UBSan"
        outcomes = [Outcome("san: " + p, skipped=[("all", lack)]) for p, s, b in entries if b == SANITIZED and s != "unit"]
        print("unit tests run without the sanitizers: " + lack)
        entries = [(p, s, BUILD) for p, s, b in entries if b == BUILD or s == "unit"]
    for build in (BUILD, SANITIZED):
        targets = ["$/unit/" + os.path.splitext(os.path.basename(p))[0] for p, s, b in entries if b == build and s == "unit"]
        if any(b == build and s not in ("unit", "lint") for _, s, b in entries):
            targets += ["all", "$/standin", "$/proof", "$/figures"]
        if targets:
            outcomes.append(make(build, targets))
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return outcomes + list(pool.map(lambda entry: run_file(*entry), entries))


def close(outcomes):
    """Prints the skips, one line each, and the last line; returns the exit status."""
    skipped = [(outcome.label, *skip) for outcome in outcomes for skip in outcome.skipped]
    lacking = [skip for skip in skipped if os.environ.get("CI", "false") not in ("", "0", "false") and "(scripts/deps.sh " in skip[2]]
    for word, skips in (("skipped", [skip for skip in skipped if skip not in lacking]), ("failed, since this is CI", lacking)):
        if skips:
            print("%d %s:" % (len(skips), word))
            print("\n".join("  %s %s: %s" % skip for skip in skips))
    failed_files = [outcome.label for outcome in outcomes if outcome.failed]
    if failed_files:
        print("failed in: " + ", ".join(failed_files))
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes) + len(lacking)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or passed + len(skipped) == 0 else 0


def main(arguments):
    if arguments[:1] == ["--python"]:
        run_python_here(arguments[1], arguments[2])
        return 0
    entries = chosen(arguments)
    if entries is None:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with scratch():
            return close(run_all(entries))
    except KeyboardInterrupt:
        for process in list(running):
            kill_group(process)
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
