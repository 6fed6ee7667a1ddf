"""One step of look-ahead: the earliest end of the latest transaction that remains, then the least delay in all."""


def priority(reach, end, delay, n_rem):
    return reach + 0.1 * end + 0.1 * delay / n_rem
