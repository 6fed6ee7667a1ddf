"""The split with the least squares of times over targets by the cost model, of prompts that wait and of decodes."""


def decide(obs):
    c, n = obs["costs"], obs["decoding"]
    arrived = obs["arrived"][-5:]
    work = c["l1"] * (sum(obs["left"]) + 0.5 * sum(arrived) / len(arrived))
    alone = c["t0"] + max(c["w"], c["l0"] + c["l1"] * n) + c["kv"] * obs["context"]
    oldest = max(obs["waited"], default=0.0)

    def cost(share):
        first = (0.6 * work / (share / 100) ** 0.95 + 0.5 * oldest) / obs["ttft_target"]
        between = alone * max(1.0, 45 / (100 - share)) / obs["tpot_target"]
        return first * first * (len(obs["left"]) + 1) + between * between * n / 30

    return min(range(30, 95, 5), key=cost)
