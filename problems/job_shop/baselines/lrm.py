"""LRM, longest remaining work without this operation: longest tail first, as in Carlier (EJOR 11, 1982)."""


def priority(work_after):
    return -work_after
