"""Asks the garbage collector for evaluators, instances and outcomes. Must find none."""

EXPECT = {"default": "valid"}

import gc
import types


def look():
    for thing in gc.get_objects():
        if type(thing).__name__ in (
            "Evaluator",
            "Instance",
            "Outcome",
            "Reference",
            "Problem",
            "Labels",
            "SocketSession",
        ):
            raise AssertionError(f"found {type(thing)}")
        if isinstance(thing, types.GeneratorType) and thing.__name__ == "episode":
            raise AssertionError("found an episode")


def decide(observation):
    look()
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
