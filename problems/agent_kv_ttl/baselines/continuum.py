"""Continuum (Li et al., arXiv:2511.02230): a time to live from the past durations of the tool.

Held for tau, the cache is used with probability P(tool <= tau), which saves its prefill and the wait for memory; each
second for which it is held costs others a second. tau is the past duration of the tool (or 0) with the largest
difference of the two. Durations of tools that are not known yet are taken for exponential with a mean of 5 s. Programs
whose cache is held go first, then programs by arrival; where memory must be had, the program that arrived last loses
its cache.
"""

import math

COLD = 5, 5.0  # durations that must be known, mean until then in s


def decide(obs):
    if obs["ask"] == "ttl":
        return ttl(obs)
    if obs["ask"] == "unpin":
        rows = obs["pinned"]
        return min(range(len(rows)), key=lambda i: rows[i]["age"])
    rows = obs["waiting"]
    return sorted(range(len(rows)), key=lambda i: (not rows[i]["pinned"], -rows[i]["age"]))


def ttl(obs):
    least, mean = COLD
    past = sorted(obs["durations"])
    if len(past) < least:
        past = [-mean * math.log(1 - (k + 0.5) / 20) for k in range(20)]
    waits = obs["waits"]
    benefit = obs["reload"] + (sum(waits) / len(waits) if waits else 0.0)
    best, gain, shorter = 0.0, 0.0, 0.0
    for k, tau in enumerate(past):
        shorter += tau
        held = (shorter + tau * (len(past) - k - 1)) / len(past)
        now = (k + 1) / len(past) * benefit - held
        if now > gain:
            best, gain = tau, now
    return min(best * 1.01, 86400.0)
