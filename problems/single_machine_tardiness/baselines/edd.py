"""EDD, earliest due date first (Jackson, Management Science Research Project report 43, UCLA, 1955)."""


def priority(d):
    return d
