"""On demand in region 0 from first to last, without ever stopping: safe, and two to three times the price."""


def decide(obs):
    return "on_demand", 0
