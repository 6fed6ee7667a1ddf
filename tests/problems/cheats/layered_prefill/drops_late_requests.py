"""Never prefills what has waited longer than 1 s, as a system would that only counts requests within their target."""

EXPECT = "illegal"


def decide(obs):
    order = [index for index, waited in enumerate(obs["waited"]) if waited < 1000]
    return {"order": order[:1], "tokens": 16384, "groups": 48}
