"""HexGen-Text2SQL's dispatch; within an engine's queue the query whose deadline is next."""

ALPHA = 0.5


def decide(obs):
    engines = range(len(obs["free"]))
    output = obs["stages"][obs["stage"]][1]
    takes = [obs["prompt_ms"][i] * obs["prompt"] + obs["token_ms"][i] * output for i in engines]
    queued = [obs["prompt_ms"][i] * obs["prompt_left"][i] + obs["token_ms"][i] * obs["output_left"][i] for i in engines]
    fastest, most = min(takes), max(queued) or 1
    engine = max(engines, key=lambda i: ALPHA * fastest / takes[i] - (1 - ALPHA) * queued[i] / most)
    return engine, obs["now"] - obs["age"] + obs["slo"]
