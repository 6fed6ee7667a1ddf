"""Never idle: a spot machine in every slot that has one, on demand in every other slot."""


def decide(obs):
    if obs["work_left"] <= 0:
        return "none"
    return "spot" if obs["has_spot"] else "on_demand"
