#!/usr/bin/env python3
"""`make lint`: clang-format, clang-tidy and the house rules of lint.py.

clang-tidy takes seconds a file, so a file that passed is remembered in BUILD/lint by the hash of
all that it was judged by: its text, the headers it includes, the settings, the tool.
"""
import concurrent.futures
import hashlib
import os
import subprocess
import sys
import time

import lint

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STAMPS = os.path.join(ROOT, os.environ.get("BUILD", "build"), "lint")
FLAGS = ["-std=c11", "-D_GNU_SOURCE", '-DROLLCALL_VERSION="0"', "-Isrc", "-I" + lint.BUILD_GEN, "-Wall", "-Wextra", "-Wpedantic",
         "-Wshadow", "-Wformat=2"]


def output_of(command):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def tool_version(tool):
    """The tool's version line, or None when it is not installed."""
    try:
        return output_of([tool, "--version"])[1]
    except FileNotFoundError:
        return None


def run_format(tree):
    """Returns how many files are not formatted."""
    files = sorted(tree.c_files)
    status, text = output_of(["clang-format", "--dry-run", "-Werror", "--style=file"] + files)
    bad = sorted({line.split(":", 1)[0] for line in text.splitlines() if "error: code should be clang-formatted" in line})
    for path in bad:
        print("%s: format: run clang-format -i on it" % path)
    if status != 0 and not bad:
        print(text)
        return 1
    return len(bad)


def closure(tree, path):
    """The file and all the tree's headers it includes, near and far."""
    seen = set()
    waiting = [path]
    while waiting:
        one = waiting.pop()
        if one in seen or one not in tree.c_files:
            continue
        seen.add(one)
        waiting += ["src/" + name for _, kind, name in tree.c_files[one].includes() if kind == "quote"]
    return sorted(seen)


def stamp_of(tree, path, settings):
    digest = hashlib.sha256(settings.encode())
    for name in closure(tree, path):
        digest.update(("%s\0%s\0" % (name, tree.texts[name])).encode())
    return digest.hexdigest()


def run_tidy(tree, version):
    """Returns how many files clang-tidy finds fault with."""
    with open(os.path.join(ROOT, ".clang-tidy"), encoding="utf-8") as file:
        settings = file.read() + version + " ".join(FLAGS)
    os.makedirs(STAMPS, exist_ok=True)
    waiting = []
    for path in sorted(path for path in tree.c_files if path.startswith("src/") and path.endswith(".c")):
        stamp_path = os.path.join(STAMPS, path.replace("/", "__") + ".ok")
        stamp = stamp_of(tree, path, settings)
        try:
            with open(stamp_path, encoding="utf-8") as file:
                if file.read() == stamp:
                    continue
        except FileNotFoundError:
            pass
        waiting.append((path, stamp_path, stamp))
    if waiting:
        print("clang-tidy: %d files to look at" % len(waiting), flush=True)

    def one(entry):
        path, stamp_path, stamp = entry
        status, text = output_of(["clang-tidy", "--quiet", path, "--"] + FLAGS)
        if status == 0:
            with open(stamp_path, "w", encoding="utf-8") as file:
                file.write(stamp)
            return 0
        lines = [line for line in text.splitlines() if not line.endswith((" generated.", " treated as errors"))]
        print("\n".join(lines), flush=True)
        return 1

    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        return sum(pool.map(one, waiting))


def main():
    started = time.monotonic()
    tree = lint.Tree(ROOT)
    failed = 0
    for tool, run in (("clang-format", lambda _: run_format(tree)), ("clang-tidy", lambda v: run_tidy(tree, v))):
        version = tool_version(tool)
        if version is None:
            print("%s is not installed: scripts/deps.sh test" % tool)
            failed += 1
        else:
            failed += run(version)
    findings = lint.check(tree)
    for path, line, name, message in findings:
        print("%s:%d: %s: %s" % (path, line, name, message))
    failed += len(findings)
    print("\n".join(lint.house(tree)))
    print("lint: %s (%.0f s)" % ("clean" if not failed else "%d findings" % failed, time.monotonic() - started))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
