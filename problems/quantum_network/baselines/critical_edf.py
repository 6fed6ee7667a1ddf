"""Critical EDF: EDF, but an instance that would make a rival miss its latest start goes after it (arXiv:2111.13124)."""


def priority(deadline, start, C, rival_latest, rival_deadline):
    if start + C > rival_latest:
        return max(deadline, rival_deadline) + 0.5
    return deadline
