#!/usr/bin/env python3
"""Builds and runs the tests; what `make check` calls.

    run.py                  every suite, then unit and e2e again under the sanitizers
    run.py SUITE...         some: unit e2e crash golden standin lint contract sanitize
    run.py --python FILE    one file of Python tests, in this process (used by the above)

Prints one line a test file, the whole output of a file that fails, what was skipped and why, and
closes with `N passed, N failed`. Exits 1 when a test failed or none ran.
Python tests find the programs by ROLLCALL and STANDIN; ROLLCALL_SANITIZED is set where
those are sanitizer builds (slower, larger), ROLLCALL_TEST_FULL where time does not matter.
"""
import concurrent.futures
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
JOBS = os.environ.get("JOBS", str(os.cpu_count() or 2))
FULL = bool(os.environ.get("ROLLCALL_TEST_FULL"))
AT_ONCE = 2
FILE_LIMIT_SECONDS = 6 * 3600 if FULL else 900

# Longest first, so that the last file to end is a short one.
SUITES = {
    "crash": ["tests/crash/test_*.py"],
    "contract": ["tests/contract/test_*.py"],
    "e2e": ["tests/e2e/test_*.py"],
    "golden": ["tests/golden/test_*.py"],
    "standin": ["tests/standin/smoke.py"],
    "lint": ["tests/lint/test_*.py"],
    "unit": ["tests/unit/test_*.c"],
}
SANITIZED = ["e2e", "unit"]

# A developer's own account and proxy never reach a test.
DROPPED_ENV = re.compile(r"(GENESYS_(?!OPENAPI$).*|CREDENTIALS_DIRECTORY|(https?|all)_proxy|MAKE.*|MFLAGS)", re.I)

print_lock = threading.Lock()
running = set()


class Outcome:
    """What one test file gave."""

    def __init__(self, passed=0, failed=0, skipped=(), output="", seconds=0.0):
        self.passed = passed
        self.failed = failed
        self.skipped = list(skipped)
        self.output = output
        self.seconds = seconds


class CountingResult(unittest.TextTestResult):
    """Counts tests, not subtests."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.passed_count = 0
        self.failed_ids = set()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed_count += 1

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.passed_count += 1

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.failed_ids.add(test.id())

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.failed_ids.add(test.id())

    def addError(self, test, err):
        super().addError(test, err)
        self.failed_ids.add(test.id())

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.failed_ids.add(test.id())


def run_python_here(path, report_path):
    """Runs the tests of one file and writes the counts to report_path."""
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
        report["passed"] = result.passed_count
        report["failed"] = len(result.failed_ids)
        report["skipped"] = [[test.id(), reason] for test, reason in result.skipped]
    with open(report_path, "w", encoding="utf-8") as file:
        json.dump(report, file)


def clean_environment(contract):
    kept = {}
    for name, value in os.environ.items():
        if contract and name.lower().endswith("_proxy"):
            kept[name] = value  # npm may need it
        elif not DROPPED_ENV.fullmatch(name):
            kept[name] = value
    return kept


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


def read_cmocka(status, text):
    """Counts from cmocka's own summary lines, one group of tests or several."""

    def total(word):
        return sum(int(n) for n in re.findall(r"^\[\s+%s\s+\] (\d+) test\(s\)" % word, text, re.M))

    outcome = Outcome(total("PASSED"), total("FAILED"), output=text)
    skipped = sorted(set(re.findall(r"^\[\s+SKIPPED\s+\] (\w+)$", text, re.M)))
    outcome.skipped = [[name, "skipped by the test"] for name in skipped]
    errors = len(re.findall(r"^\[\s+ERROR\s+\] (\w+)$", text, re.M))
    outcome.failed = max(outcome.failed, errors)
    if status != 0 and outcome.failed == 0:  # it died before the summary
        outcome.passed = max(outcome.passed, len(re.findall(r"^\[\s+OK \] ", text, re.M)))
        outcome.failed = 1
    return outcome


def run_unit(path, build, env):
    program = os.path.join(build, "unit", os.path.splitext(os.path.basename(path))[0])
    if not os.path.exists(program):
        return Outcome(failed=1, output="not built: see the output of make above\n")
    status, text = run_process([program], env)
    return read_cmocka(status, text), status


def run_python(path, env):
    handle, report_path = tempfile.mkstemp(prefix="rollcall-report-")
    os.close(handle)
    try:
        command = [sys.executable, "-B", os.path.abspath(__file__), "--python", path, report_path]
        status, text = run_process(command, env)
        with open(report_path, encoding="utf-8") as file:
            report = json.loads(file.read() or '{"passed": 0, "failed": 1, "skipped": []}')
    finally:
        os.unlink(report_path)
    return Outcome(report["passed"], report["failed"], report["skipped"], text), status


def run_file(path, suite, build, env):
    started = time.monotonic()
    if suite == "unit":
        answer = run_unit(path, build, env)
    else:
        answer = run_python(path, env)
    outcome, status = answer if isinstance(answer, tuple) else (answer, 0)
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
    return outcome


def show(label, outcome):
    word = "FAIL" if outcome.failed else "ok" if outcome.passed else "skip"
    counts = "%4d passed" % outcome.passed
    if outcome.failed:
        counts += ", %d failed" % outcome.failed
    if outcome.skipped:
        counts += ", %d skipped" % len(outcome.skipped)
    with print_lock:
        print("%-4s  %-48s %s  %.1f s" % (word, label, counts, outcome.seconds))
        if outcome.failed:
            print("".join("      | %s\n" % line for line in outcome.output.splitlines()), end="")
        sys.stdout.flush()


def make(build, *arguments):
    """Builds all it can; prints make's output when something does not build."""
    env = dict(os.environ)
    env["MAKEFLAGS"] = " ".join(word for word in env.get("MAKEFLAGS", "").split()
                                if not word.startswith(("-j", "--jobserver", "w", "BUILD=")))
    command = ["make", "-k", "-j" + JOBS, "--no-print-directory", "BUILD=" + os.path.relpath(build, ROOT)]
    started = time.monotonic()
    done = subprocess.run(command + list(arguments), cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode == 0:
        return Outcome()
    return Outcome(failed=1, output=done.stdout.decode("utf-8", "replace"),
                   seconds=time.monotonic() - started)


def sanitizers_work():
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "probe.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write("int main(void)\n{\n    return 0;\n}\n")
        command = [os.environ.get("CC", "cc"), "-fsanitize=address,undefined", source, "-o", source + ".out"]
        return (subprocess.run(command, capture_output=True, check=False).returncode == 0 and
                subprocess.run([source + ".out"], capture_output=True, check=False).returncode == 0)


def files_of(suite):
    return sorted(path for pattern in SUITES[suite]
                  for path in glob.glob(os.path.join(ROOT, pattern)))


def run_pass(suites, build, prefix, extra_env, totals):
    """Runs the suites against the programs in build."""
    queue = []
    for suite in SUITES:
        if suite not in suites:
            continue
        env = clean_environment(suite == "contract")
        env.update({"ROLLCALL": os.path.join(build, "rollcall"), "STANDIN": os.path.join(build, "standin"),
                    "BUILD": build, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"})
        env.update(extra_env)
        queue += [(path, suite, env) for path in files_of(suite)]

    def one(entry):
        path, suite, env = entry
        outcome = run_file(os.path.relpath(path, ROOT), suite, build, env)
        show(prefix + os.path.relpath(path, ROOT), outcome)
        totals.append((prefix + os.path.relpath(path, ROOT), outcome))

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for future in [pool.submit(one, entry) for entry in queue]:
            future.result()


def build_and_run(suites, build, prefix, make_arguments, extra_env, totals):
    built = Outcome() if suites == ["lint"] else make(build, *make_arguments, "all", "test-programs")
    if built.failed:
        show(prefix + "build", built)
        totals.append((prefix + "build", built))
    run_pass(suites, build, prefix, extra_env, totals)


def close(totals):
    """Prints the skips and the last line; returns the exit status."""
    skipped = [(label, name, reason) for label, outcome in totals for name, reason in outcome.skipped]
    if skipped:
        print("%d skipped:" % len(skipped))
        for label, name, reason in skipped:
            print("  %s %s: %s" % (label, name, reason))
    failed_files = [label for label, outcome in totals if outcome.failed]
    if failed_files:
        print("failed in: " + ", ".join(failed_files))
    passed = sum(outcome.passed for _, outcome in totals)
    failed = sum(outcome.failed for _, outcome in totals)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or passed + len(skipped) == 0 else 0


def main(arguments):
    if arguments[:1] == ["--python"]:
        run_python_here(arguments[1], arguments[2])
        return 0
    unknown = [name for name in arguments if name not in SUITES and name != "sanitize"]
    if unknown:
        print(__doc__, file=sys.stderr)
        return 2
    wanted = arguments or list(SUITES) + ["sanitize"]
    totals = []
    plain = [name for name in wanted if name in SUITES]
    try:
        if plain:
            build_and_run(plain, BUILD, "", [], {}, totals)
        if "sanitize" in wanted and not sanitizers_work():
            totals.append(("sanitize", Outcome(skipped=[["all", "this compiler has no working ASan and UBSan"]])))
        elif "sanitize" in wanted:
            env = {"ROLLCALL_SANITIZED": "1", "ASAN_OPTIONS": "detect_leaks=1:exitcode=99",
                   "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99"}
            build_and_run(SANITIZED, os.path.join(BUILD, "san"), "san: ",
                          ["SANITIZE=1", "CFLAGS=-O1 -g", "WERROR="], env, totals)
    except KeyboardInterrupt:
        for process in list(running):
            kill_group(process)
        print("interrupted", file=sys.stderr)
        return 130
    return close(totals)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
