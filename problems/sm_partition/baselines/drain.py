"""As many processors as prefill needs to drain its queue, and what will arrive by recent windows, within the target."""


def decide(obs):
    arrived = obs["arrived"][-5:]
    work = obs["costs"]["l1"] * (sum(obs["left"]) + 0.8 * sum(arrived) / len(arrived))
    return int(max(50, min(90, 100 * (work / obs["ttft_target"]) ** (1 / 0.95))))
