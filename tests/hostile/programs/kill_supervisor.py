"""Kills and stops every process that it can name. Must reach none but its own."""

EXPECT = {"default": "valid"}

import contextlib
import os
import signal

for number in (signal.SIGSTOP, signal.SIGKILL):
    for pid in (os.getppid(), 1, 2, int("@HOSTPID@"), -1, -os.getppid() if os.getppid() > 1 else -1):
        if pid not in (0, os.getpid()):
            with contextlib.suppress(OSError):
                os.kill(pid, number)


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
