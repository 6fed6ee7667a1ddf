"""Asks for spot machines all the time, so that a preemption under the guard costs an idle slot and a late finish."""

EXPECT = "valid"
NO_BETTER_THAN = "greedy_safety"


def decide(obs):
    return "spot"
