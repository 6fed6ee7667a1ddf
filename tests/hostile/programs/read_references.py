"""Looks for the project's reference values, problems and archive. Must find none."""

EXPECT = {"default": "valid"}

import contextlib
import os

for folder in ("@PROJECT@/problems", "@PROJECT@/evaluators", "@PROJECT@/results", "@HOME@"):
    with contextlib.suppress(OSError):
        found = os.listdir(folder)
        if found and found != [".pyenv"]:
            raise AssertionError(f"{folder} can be read: {found[:5]}")


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
