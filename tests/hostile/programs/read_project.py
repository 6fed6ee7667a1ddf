"""Imports the evaluators. Must not be able to."""

EXPECT = {"default": "valid"}

import importlib
import sys

for path in ("@PROJECT@", "/work", "."):
    sys.path.append(path)
for name in ("evaluators.driver", "evolve.cli", "msgpack"):
    try:
        importlib.import_module(name)
    except (ImportError, OSError):
        continue
    raise AssertionError(f"{name} can be imported")


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
