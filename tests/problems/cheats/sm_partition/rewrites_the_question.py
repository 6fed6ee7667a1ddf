"""Rewrites what it was sent: no prompts left, targets for ever, a GPU without cost. The engine has its own."""

EXPECT = "valid"
NO_BETTER_THAN = "best_constant"


def decide(obs):
    obs["left"][:] = []
    obs["ttft_target"] = obs["tpot_target"] = 1e12
    obs["costs"].update(t0=0.0, w=0.0, l0=0.0, l1=0.0)
    return 75
