"""Orders nodes by their numbers, hoping that they were numbered in the order in which they were generated."""

EXPECT = "valid"
NO_BETTER_THAN = "adjacent"


def decide(obs):
    return sorted(obs["order"])
