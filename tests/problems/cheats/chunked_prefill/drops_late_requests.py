"""Never prefills what has waited longer than 5 s, as a system would that only counts requests within their target."""

EXPECT = "illegal"


def decide(obs):
    order = [index for index, waited in enumerate(obs["waited"]) if waited < 5000]
    return {"budget": 512, "order": order, "decodes": True}
