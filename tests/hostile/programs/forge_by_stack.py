"""Walks up the stack for the simulator, to set its cost. Must find none."""

EXPECT = {"default": "valid"}

import sys

WANTED = {"evaluator", "instance", "instances", "reference", "outcome", "live", "generator"}


def look():
    frame = sys._getframe()
    while frame:
        found = WANTED & set(frame.f_locals)
        if found:
            raise AssertionError(f"found {found} in {frame.f_code.co_name}")
        frame = frame.f_back


def decide(observation):
    look()
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
