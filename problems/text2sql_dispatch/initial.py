"""The engine with the least queued work for its speed; the query that arrived first."""


def decide(obs):
    engines = range(len(obs["free"]))
    queued = [obs["prompt_ms"][i] * obs["prompt_left"][i] + obs["token_ms"][i] * obs["output_left"][i] for i in engines]
    return min(engines, key=lambda i: queued[i]), obs["now"] - obs["age"]
