"""Opens connections. Must not be able to reach anything."""

EXPECT = {"default": "valid"}

import contextlib
import glob
import socket


def reach(family, address):
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(0.2)
        connection.connect(address)
        raise AssertionError(f"reached {address}")


reach(socket.AF_INET, ("1.1.1.1", 53))
reach(socket.AF_INET, ("127.0.0.1", int("@PORT@")))
reach(socket.AF_INET6, ("::1", int("@PORT@")))
for path in ["/var/run/docker.sock", "/run/docker.sock", *glob.glob("/run/*"), *glob.glob("/tmp/*")]:
    reach(socket.AF_UNIX, path)


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
