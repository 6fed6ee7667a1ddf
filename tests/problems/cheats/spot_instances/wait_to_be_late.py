"""Never runs anything, to finish late or not at all at no cost: the guard runs the job on demand in time."""

EXPECT = "valid"
NO_BETTER_THAN = "greedy_safety"


def decide(obs):
    return "none"
