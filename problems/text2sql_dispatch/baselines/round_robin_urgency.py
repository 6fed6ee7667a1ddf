"""Engines in turn; HexGen-Text2SQL's urgency as priority: when a call must begin to keep its share of the SLO."""

turn = [0]


def decide(obs):
    turn[0] += 1
    engine = turn[0] % len(obs["free"])
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
