"""Changes its user, its namespaces and its mounts. Must not be able to."""

EXPECT = {"default": "valid"}

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
if os.getuid() != 0:
    for change in (os.setuid, os.setgid):
        try:
            change(0)
        except OSError:
            continue
        raise AssertionError("became root")
for flags in (0x10000000, 0x20000, 0x40000000):
    if libc.unshare(flags) == 0:
        raise AssertionError("made a namespace")
if libc.mount(b"none", b"/tmp", b"tmpfs", 0, b"") == 0:
    raise AssertionError("mounted something")


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
