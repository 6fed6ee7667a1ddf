"""All decodes, and 1024 tokens of prompts in every iteration, first come, first served."""


def decide(obs):
    return {"budget": 1024, "order": list(range(len(obs["left"]))), "decodes": True}
