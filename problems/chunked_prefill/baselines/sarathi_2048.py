"""Sarathi-Serve (Agrawal et al., OSDI 2024) with a budget of 2048 tokens whatever the target: decodes, then prompts."""


def decide(obs):
    return {"budget": max(0, 2048 - obs["decoding"]), "order": list(range(len(obs["left"]))), "decodes": True}
