"""Raises its own limits and lowers its parent's. Must not be able to."""

EXPECT = {"default": "valid"}

import contextlib
import os
import resource

for kind in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE):
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        raise AssertionError("a limit was raised")
for pid in {os.getppid(), 1} - {0, os.getpid()}:
    with contextlib.suppress(OSError):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, 0))
        raise AssertionError("a parent's limit was lowered")


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
