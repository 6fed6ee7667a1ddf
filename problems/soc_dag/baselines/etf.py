"""ETF as in DS3: of all pairs of a ready task and a PE the one that is expected to finish first; also min-min."""


def priority(eft):
    return eft
