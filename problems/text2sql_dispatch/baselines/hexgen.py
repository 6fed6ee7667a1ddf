"""HexGen-Text2SQL (Peng et al., 2025): balanced dispatch, and urgency within each engine's queue.

Dispatch: ALPHA x (fastest time / time on this engine) - (1 - ALPHA) x (queued work / most queued work), the largest.
Urgency: the SLO that is left is shared among what the query still needs by expected time; a call must begin when its
share less its own time is used up. Their difference does not change while calls wait, so the priority is a time.
ALPHA: the best on train of 0.1 to 0.9.
"""

ALPHA = 0.5


def decide(obs):
    engines = range(len(obs["free"]))
    output = obs["stages"][obs["stage"]][1]
    takes = [obs["prompt_ms"][i] * obs["prompt"] + obs["token_ms"][i] * output for i in engines]
    queued = [obs["prompt_ms"][i] * obs["prompt_left"][i] + obs["token_ms"][i] * obs["output_left"][i] for i in engines]
    fastest, most = min(takes), max(queued) or 1
    engine = max(engines, key=lambda i: ALPHA * fastest / takes[i] - (1 - ALPHA) * queued[i] / most)
    return engine, begin(obs, engine)


def begin(obs, engine):
    work = {
        name: obs["prompt_ms"][engine] * prompt + obs["token_ms"][engine] * output
        for name, (prompt, output, _) in obs["stages"].items()
    }
    names = list(obs["stages"])
    here = work[obs["stage"]]
    repeats = obs["stages"]["revise"][2]
    rest = sum(work[name] * (repeats if name == "revise" else 1) for name in names[names.index(obs["stage"]) :])
    budget = (obs["slo"] - obs["age"]) * here / rest
    return obs["now"] + budget - here
