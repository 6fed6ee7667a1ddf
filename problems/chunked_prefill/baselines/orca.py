"""Orca (Yu et al., OSDI 2022): whole prompts join the decodes in one iteration, up to 8192 tokens."""

MOST = 8192


def decide(obs):
    order, tokens = [], 0
    for index, left in enumerate(obs["left"]):
        if order and tokens + left > MOST:
            break
        order.append(index)
        tokens += left
    return {"budget": tokens, "order": order, "decodes": True}
