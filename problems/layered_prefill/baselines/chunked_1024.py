"""Sarathi-Serve (Agrawal et al., OSDI 2024): chunks of 1024 tokens, decodes among them, through all layers."""


def decide(obs):
    tokens = max(0, 1024 - obs["decoding"])
    return {"order": list(range(len(obs["left"]))), "tokens": tokens, "groups": 1}
