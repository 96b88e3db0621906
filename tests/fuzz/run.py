#!/usr/bin/env python3
"""Builds and runs the fuzzers (clang and its libFuzzer; ASan and UBSan on).

    run.py [--seconds S] [TARGET]...     each target for S seconds (60); all of them by default

New inputs go to build/fuzz/TARGET, what crashes to build/fuzz/crash-TARGET-*.
"""
import argparse
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", "build")
OUT = os.path.join(BUILD, "fuzz")
LIBRARIES = ["libcurl", "libcrypto", "sqlite3", "zlib", "libdeflate", "yyjson", "libxxhash", "xlsxwriter"]
CLANG = os.environ.get("CLANG", "clang")
MOST_BYTES = {"config": 16384, "csv": 4095, "gzip": 16384, "walk": 65536}
TARGETS = list(MOST_BYTES)


def call(command):
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def build():
    """The library under sanitizers and coverage, then each target; False when something does not compile."""
    flags = "-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
    if call(["make", "--no-print-directory", f"-j{os.cpu_count()}", f"BUILD={OUT}/obj", f"CC={CLANG}", f"CFLAGS={flags}",
             "HARDEN=", "HARDEN_LINK=", "WERROR=", f"{OUT}/obj/librollcall.a"]):
        return False
    libraries = subprocess.run(["pkg-config", "--cflags", "--libs", *LIBRARIES], capture_output=True, text=True,
                               check=True).stdout.split()
    for target in TARGETS:
        if call([CLANG, "-std=c11", "-D_GNU_SOURCE", *flags.replace("fuzzer-no-link", "fuzzer").split(), "-Isrc", f"-I{OUT}/obj/gen",
                 f"-DTARGET=fuzz_{target}", "tests/fuzz/fuzz.c", f"{OUT}/obj/librollcall.a", *libraries, "-lm", "-pthread", "-o",
                 f"{OUT}/fuzz_{target}"]):
            return False
    return True


def fuzz(target, seconds):
    found = os.path.join(OUT, target)
    os.makedirs(os.path.join(ROOT, found), exist_ok=True)
    return call([os.path.join(OUT, "fuzz_" + target), f"-max_total_time={seconds}", "-timeout=20", "-print_final_stats=1",
                 "-verbosity=0", f"-max_len={MOST_BYTES[target]}", f"-artifact_prefix={OUT}/crash-{target}-", found,
                 f"tests/fuzz/corpus/{target}"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=int, default=60, metavar="S")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    options = parser.parse_args()
    if set(options.targets) - set(TARGETS):
        parser.error("targets are " + ", ".join(TARGETS))
    if not shutil.which(CLANG):
        print("clang is not installed: apt-get install clang libclang-rt-14-dev", file=sys.stderr)
        return 1
    os.makedirs(os.path.join(ROOT, OUT), exist_ok=True)
    if not build():
        return 1
    crashed = [target for target in options.targets or TARGETS if fuzz(target, options.seconds)]
    print("crashed: " + ", ".join(crashed) if crashed else "no crash")
    return 1 if crashed else 0


if __name__ == "__main__":
    sys.exit(main())
