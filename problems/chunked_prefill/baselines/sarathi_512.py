"""Sarathi-Serve (Agrawal et al., OSDI 2024) with a budget of 512 tokens whatever the target: decodes, then prompts."""


def decide(obs):
    return {"budget": max(0, 512 - obs["decoding"]), "order": list(range(len(obs["left"]))), "decodes": True}
