"""No processors for prefill while requests wait too long already: they would never be served, nor counted."""

EXPECT = "illegal"


def decide(obs):
    return 0 if any(waited > obs["ttft_target"] for waited in obs["waited"]) else 70
