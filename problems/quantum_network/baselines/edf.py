"""EDF, earliest deadline first, without preemption (Liu and Layland, J. of the ACM 20, 1973; arXiv:2111.13124)."""


def priority(deadline):
    return deadline
