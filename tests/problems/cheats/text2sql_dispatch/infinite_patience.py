"""Never serves the queries that are late already: an infinite priority for them."""

EXPECT = "illegal"


def decide(obs):
    return 0, float("inf") if obs["stage"] == "candidate" else 0.0
