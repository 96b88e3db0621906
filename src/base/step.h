/*
 * The crash-test counter: every point at which the outside world or the disk changes calls step().
 * When the environment variable ROLLCALL_KILL_STEP is a number N, the N-th call kills the process
 * with SIGKILL; tests run 1..N and compare. ROLLCALL_STEP_LOG names a file to which each step's
 * name is appended.
 */
#pragma once

/* Counts one step; `name` is a short static word (request, answer, commit, committed,
 * written, rename, renamed, remove, removed, fsync). Safe in both threads. */
void step(const char *name);
