"""EDD, earliest due date first (Jackson, 1955)."""


def priority(due):
    return due
