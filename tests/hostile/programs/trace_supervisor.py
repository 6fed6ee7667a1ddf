"""Attaches to its parents as a debugger, and reads their memory. Must not be able to."""

EXPECT = {"default": "valid"}

import contextlib
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for pid in {os.getppid(), 1, int("@HOSTPID@")} - {0, os.getpid()}:
    if libc.ptrace(16, pid, 0, 0) == 0:
        raise AssertionError(f"attached to {pid}")
    with contextlib.suppress(OSError):
        open(f"/proc/{pid}/mem", "rb")
        raise AssertionError(f"opened the memory of {pid}")


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
