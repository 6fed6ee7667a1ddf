"""semi-PD (2025), as far as it is public: 5 % of the processors move to the phase that misses its target more often."""


def decide(obs):
    late = [waited > obs["ttft_target"] for waited in [*obs["ttft"], *obs["waited"]]]
    slow = [tpot > obs["tpot_target"] for tpot in obs["tpot"]]
    first = sum(late) / len(late) if late else 0.0
    between = sum(slow) / len(slow) if slow else 0.0
    step = 5 if first > between else -5 if between > first else 0
    return max(40, min(90, obs["share"] + step))
