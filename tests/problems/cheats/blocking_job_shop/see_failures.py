"""Tries to find the plant, with its failures to come, among all objects of its process."""

import gc

EXPECT = "valid"
NO_BETTER_THAN = "fifo"


def priority(ready, t):
    if t == 0:
        for thing in gc.get_objects():
            name = type(thing).__name__
            if name in ("Plant", "Instance", "BlockingJobShop", "Shop"):
                raise AssertionError(f"found {name}")
    return ready
