"""MTWR, most total work remaining, this operation included (Panwalkar and Iskander, Operations Research 25, 1977)."""


def priority(work_left):
    return -work_left
