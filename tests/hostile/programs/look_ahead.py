"""Searches what it is given, and all objects around it, for jobs that have not arrived. Must find none."""

EXPECT = {"default": "valid"}

import gc


def decide(observation):
    if set(observation) != {"time", "jobs"}:
        raise AssertionError(f"given too much: {sorted(observation)}")
    now = observation["time"]
    for thing in gc.get_objects():
        if type(thing) is dict and "arrival" in thing:
            raise AssertionError("found arrivals")
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
