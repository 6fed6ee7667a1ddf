"""The transaction first that makes the makespan grow least."""


def priority(increase, length):
    return increase
