"""Starts threads until it cannot, and leaves them spinning. Must not outlive its limit."""

EXPECT = {"default": ["valid", "timeout"]}
BOMB = True

import threading


def spin():
    while True:
        pass


for _ in range(1000):
    try:
        threading.Thread(target=spin, daemon=True).start()
    except (RuntimeError, MemoryError):
        break


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
