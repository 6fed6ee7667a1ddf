"""Another split each second: were the new split free and at once, each side would have the GPU half of the time."""

EXPECT = "valid"
NO_BETTER_THAN = "best_constant"


def decide(obs):
    return 90 if obs["share"] != 90 else 10
