"""More processors than there are: 200 % for prefill, so that decode gets less than nothing."""

EXPECT = "illegal"


def decide(obs):
    return 200
