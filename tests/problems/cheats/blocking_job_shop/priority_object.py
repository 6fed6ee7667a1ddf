"""Returns a number of its own kind, which claims to be smaller than any other."""

EXPECT = "type"


class Smallest(float):
    def __lt__(self, other):
        return True


def priority(p):
    return Smallest(p)
