"""Writes score files wherever an engine might look for them. Must change nothing."""

EXPECT = {"default": "valid"}
CREATES = ("@PROJECT@/score.json", "@PROJECT@/results/score.json")

import contextlib
import json

for folder in (".", "/tmp", "/", "..", "@PROJECT@", "@PROJECT@/results"):
    for name in ("score.json", "result.json", "results.json", "metrics.json"):
        with contextlib.suppress(OSError):
            open(f"{folder}/{name}", "w").write(json.dumps({"combined_score": 1e9, "cost": 0.0}))


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
