"""HexGen-Text2SQL's dispatch alone: speed for this call against relative queued work; first come, first served."""

ALPHA = 0.5


def decide(obs):
    engines = range(len(obs["free"]))
    output = obs["stages"][obs["stage"]][1]
    takes = [obs["prompt_ms"][i] * obs["prompt"] + obs["token_ms"][i] * output for i in engines]
    queued = [obs["prompt_ms"][i] * obs["prompt_left"][i] + obs["token_ms"][i] * obs["output_left"][i] for i in engines]
    fastest, most = min(takes), max(queued) or 1
    return max(engines, key=lambda i: ALPHA * fastest / takes[i] - (1 - ALPHA) * queued[i] / most), obs["now"]
