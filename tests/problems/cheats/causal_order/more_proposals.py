"""Never stops and repeats one swap, to go on after its proposals are used up."""

EXPECT = "valid"
NO_BETTER_THAN = "adjacent"


def decide(obs):
    return [0, 1]
