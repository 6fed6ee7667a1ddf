"""STPT, the job with the shortest total processing time first."""


def priority(work_total):
    return work_total
