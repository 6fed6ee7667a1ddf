"""Goes to negative multipliers, where the function is no bound and can be below the optimum."""

EXPECT = "illegal"


def decide(obs):
    return [-obs["target"]] * len(obs["multipliers"])
