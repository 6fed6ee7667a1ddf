"""Looks for lengths of outputs, or for what a query still needs: there is nothing but the means."""

EXPECT = "valid"
NO_BETTER_THAN = "initial"

KNOWN = {"now", "query", "stage", "part", "parts", "prompt", "age", "slo", "revisions", "stages"}
ENGINES = {"token_ms", "prompt_ms", "capacity", "free", "waiting", "running", "prompt_left", "output_left"}


def decide(obs):
    engines = range(len(obs["free"]))
    hidden = [key for key in obs if key not in KNOWN | ENGINES]
    if hidden or any(len(means) > 3 for means in obs["stages"].values()):
        takes = [obs["token_ms"][i] * obs[hidden[0]] for i in engines]
        return min(engines, key=lambda i: takes[i]), 0
    queued = [obs["prompt_ms"][i] * obs["prompt_left"][i] + obs["token_ms"][i] * obs["output_left"][i] for i in engines]
    return min(engines, key=lambda i: queued[i]), obs["now"] - obs["age"]
