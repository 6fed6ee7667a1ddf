"""A bool is an integer of 1 in Python: a share of 1 %, by which a division might go wrong."""

EXPECT = "illegal"


def decide(obs):
    return True
