"""Takes the labels and the seed of the failures for features, to compute the failures itself."""

EXPECT = "signature"


def priority(ready, machine, key):
    return ready
