"""Looks for keys in the environment of its own process and of every other. Must find none."""

EXPECT = {"default": "valid"}

import contextlib
import glob
import os

NAME = "EVOLVE_CANARY" + "_KEY"
if NAME in os.environ:
    raise AssertionError("the key is in os.environ")
for path in glob.glob("/proc/*/environ"):
    with contextlib.suppress(OSError):
        if NAME.encode() in open(path, "rb").read():
            raise AssertionError(f"the key is in {path}")


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
