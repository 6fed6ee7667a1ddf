"""Looks for the supervisor's socket and connects to it. Must not get through."""

EXPECT = {"default": "valid"}

import contextlib
import glob
import socket

for pattern in (
    "@TMP@/evolve-sandbox-*/socket",
    "/run/evolve/*/*",
    "/tmp/*/socket",
    "@TMP@/evolve-sandbox-*/meeting/*",
):
    for path in [*glob.glob(pattern), "/run/evolve/meeting/socket"]:
        with contextlib.suppress(OSError):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(path)
            raise AssertionError(f"connected to {path}")


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
