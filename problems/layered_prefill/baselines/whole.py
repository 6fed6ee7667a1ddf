"""Orca (Yu et al., OSDI 2022): a whole prompt joins the decodes in one iteration."""


def decide(obs):
    return {"order": [0], "tokens": obs["left"][0], "groups": 1}
