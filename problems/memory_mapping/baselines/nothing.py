"""Nothing lies in fast memory."""


def solve(instance):
    return []
