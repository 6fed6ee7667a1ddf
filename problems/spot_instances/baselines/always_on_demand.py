"""On demand from the first slot to the last, without ever stopping: safe, and three times the price."""


def decide(obs):
    return "on_demand" if obs["work_left"] > 0 else "none"
