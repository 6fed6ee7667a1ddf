"""The transaction first that makes the makespan grow least."""


def priority(heat, delay):
    return -(heat / (2 + delay))
