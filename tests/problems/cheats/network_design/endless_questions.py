"""Goes on asking after its questions are used up, to enumerate all sets."""

EXPECT = "illegal"


def decide(obs):
    count = len(obs["tried"])
    return {"evaluate": [road for road in range(len(obs["road_cost"])) if count >> road & 1]}
