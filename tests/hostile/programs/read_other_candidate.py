"""Leaves a file in every folder, and looks for those that an earlier candidate left. Must find none."""

EXPECT = {"default": "valid"}
TWICE = True

import contextlib
import os

FOLDERS = (
    os.getcwd(),
    os.path.dirname(os.getcwd()),
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/dev/mqueue",
    "/run",
    "/run/lock",
)
FOLDERS = () if hasattr(os, "been_here") else FOLDERS
os.been_here = True  # the module runs once for every instance
for folder in FOLDERS:
    with contextlib.suppress(OSError):
        if any("left-behind" in name for name in os.listdir(folder)):
            raise AssertionError(f"an earlier candidate's file is in {folder}")
for folder in FOLDERS:
    with contextlib.suppress(OSError):
        open(f"{folder}/left-behind", "w").write("rule")
        os.makedirs(f"{folder}/left-behind-folder/a/b/c")
        os.chmod(f"{folder}/left-behind-folder", 0)


def decide(observation):
    jobs = observation["jobs"]
    return min(range(len(jobs)), key=lambda i: jobs[i][0] / jobs[i][1])
