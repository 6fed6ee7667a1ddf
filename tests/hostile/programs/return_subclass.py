"""Returns an integer with methods of its own. Must be a type error: only plain data crosses."""

EXPECT = {"default": "type"}


class Winner(int):
    def __lt__(self, other):
        return True

    __le__ = __eq__ = __lt__
    __hash__ = int.__hash__


def decide(observation):
    return Winner(0)
