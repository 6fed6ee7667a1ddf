"""Rewrites what it was sent: nothing left of any prompt, iterations for free. The engine has its own."""

EXPECT = "valid"
NO_BETTER_THAN = "sarathi"


def decide(obs):
    tokens = 512 if obs["slo"] <= 200 else 2048
    answer = {"budget": max(0, tokens - obs["decoding"]), "order": list(range(len(obs["left"]))), "decodes": True}
    obs["left"][:] = [0] * len(obs["left"])
    obs["costs"].update(t0=0.0, w=0.0, l0=0.0, l1=0.0)
    return answer
