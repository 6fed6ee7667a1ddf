"""vLLM (Kwon et al., SOSP 2023): prompts first, as many whole ones as there are, up to 8192 tokens; decodes pause."""

MOST = 8192


def decide(obs):
    order, tokens = [], 0
    for index, left in enumerate(obs["left"]):
        if order and tokens + left > MOST:
            break
        order.append(index)
        tokens += left
    return {"budget": tokens, "order": order, "decodes": False}
