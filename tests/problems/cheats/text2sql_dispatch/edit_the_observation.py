"""Empties the queues in what it was sent. The simulator keeps its own."""

EXPECT = "valid"
NO_BETTER_THAN = "initial"


def decide(obs):
    engines = range(len(obs["free"]))
    queued = [obs["prompt_ms"][i] * obs["prompt_left"][i] + obs["token_ms"][i] * obs["output_left"][i] for i in engines]
    answer = min(engines, key=lambda i: queued[i]), obs["now"] - obs["age"]
    for key in ("waiting", "running", "prompt_left", "output_left", "token_ms", "prompt_ms"):
        obs[key][:] = [0] * len(obs[key])
    obs["stages"].clear()
    obs["slo"] = 1e12
    return answer
