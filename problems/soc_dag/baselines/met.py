"""MET, minimum execution time: tasks in order, each on the PE that is fastest for it, however busy (as in DS3)."""


def priority(place, w):
    return 1e6 * place + w
