"""As little as possible for prefill once the queue is late: under a count of requests in time those are lost anyway."""

EXPECT = "valid"
NO_BETTER_THAN = "semi_pd"


def decide(obs):
    return 10 if any(waited > obs["ttft_target"] for waited in obs["waited"]) else 75
