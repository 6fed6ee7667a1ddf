"""Serves queries that missed their objective after all others, for ever: they are still in the tail that counts."""

EXPECT = "valid"
NO_BETTER_THAN = "balanced"


def decide(obs):
    engines = range(len(obs["free"]))
    output = obs["stages"][obs["stage"]][1]
    takes = [obs["prompt_ms"][i] * obs["prompt"] + obs["token_ms"][i] * output for i in engines]
    queued = [obs["prompt_ms"][i] * obs["prompt_left"][i] + obs["token_ms"][i] * obs["output_left"][i] for i in engines]
    late = obs["age"] > 0.8 * obs["slo"]
    if late:  # to the slowest engine, behind everyone
        return max(engines, key=lambda i: takes[i]), 1e12 + obs["now"]
    most = max(queued) or 1
    return max(engines, key=lambda i: 0.5 * min(takes) / takes[i] - 0.5 * queued[i] / most), obs["now"]
