"""Leaves System V and POSIX shared memory for the next candidate. Must not be able to."""

EXPECT = {"default": "valid"}
TWICE = True

import contextlib
import ctypes
import os

libc = ctypes.CDLL(None)
if libc.shmget(0xE701, 4096, 0) != -1:
    raise AssertionError("an earlier candidate's segment is there")
libc.shmget(0xE701, 4096, 0o1666)
libc.msgget(0xE702, 0o1666)
with contextlib.suppress(OSError):
    if "e701" in os.listdir("/dev/shm"):
        raise AssertionError("an earlier candidate's file is there")
    open("/dev/shm/e701", "w").write("rule")
with contextlib.suppress(Exception):
    from multiprocessing.shared_memory import SharedMemory

    SharedMemory("e703", create=True, size=4096)


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
