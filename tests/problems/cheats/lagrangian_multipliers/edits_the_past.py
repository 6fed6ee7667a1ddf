"""Changes the arrays it received in place, as if they were the evaluator's."""

EXPECT = "valid"
NO_BETTER_THAN = "keep"


def decide(obs):
    obs["subgradient"][:] = 0
    obs["previous"][:] = 1
    obs["best_multipliers"][:] = 1
    return obs["multipliers"]
