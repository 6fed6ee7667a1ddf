"""LTPT, the job with the longest total processing time first."""


def priority(work_total):
    return -work_total
