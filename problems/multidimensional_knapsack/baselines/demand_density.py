"""Profit over requirements weighted by demand over supply, after Loulou and Michaelides (Op. Research 27, 1979)."""


def priority(p, w_need):
    return -p / w_need
