"""Sarathi-Serve (Agrawal et al., OSDI 2024): 512 tokens for a strict target, 2048 for a relaxed one; decodes first."""


def decide(obs):
    tokens = 512 if obs["slo"] <= 200 else 2048
    return {"budget": max(0, tokens - obs["decoding"]), "order": list(range(len(obs["left"]))), "decodes": True}
