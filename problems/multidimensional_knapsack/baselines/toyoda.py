"""Profit over requirements weighted by how much of each resource is used (Toyoda, Management Science 21, 1975)."""


def priority(p, w_cap, w_used):
    return -p / (w_used if w_used > 0 else w_cap)
