"""Tries to gain by finishing the youngest jobs alone, so that the mean over finished ones is small."""

EXPECT = "valid"
NO_BETTER_THAN = "etf"


def priority(age, eft, w, w_min):
    return 1e3 * age + (eft if age < 100 else 1e3 * (w - w_min))
