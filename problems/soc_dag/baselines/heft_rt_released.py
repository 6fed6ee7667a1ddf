"""HEFT-rt as released with DS3: ranks ready tasks alone, so by decreasing mean time, on the PE that finishes first."""


def priority(w_mean, eft):
    return eft - 1e6 * w_mean
