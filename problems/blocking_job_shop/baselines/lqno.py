"""LQNO, the job whose next machine is waited for by most jobs."""


def priority(queue_next):
    return -queue_next
