"""Leaves a daemon behind that has cut every tie to it. Must be found and killed."""

EXPECT = {"default": "valid"}

import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 64)
        for name in ("HOME", "TMPDIR"):
            os.environ.pop(name, None)
        while True:
            time.sleep(1)
    os._exit(0)
os.wait()


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
