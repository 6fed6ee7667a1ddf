"""Prints a lot and answers. Must be valid, with head and tail of what it printed."""

EXPECT = {"default": "valid"}

import sys

print("the head")
for _ in range(2000):
    print("y" * 500, file=sys.stdout)
    print("z" * 500, file=sys.stderr)
print("the tail")


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
