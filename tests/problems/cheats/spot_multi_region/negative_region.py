"""Names a region from the end of the list, as Python would allow."""

EXPECT = "illegal"


def decide(obs):
    return "on_demand", -1
