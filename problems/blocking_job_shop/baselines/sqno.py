"""SQNO, the job whose next machine is waited for by fewest jobs."""


def priority(queue_next):
    return queue_next
