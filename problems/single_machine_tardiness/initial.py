"""EDD: the job with the earliest due date first."""


def priority(p, d, t, P_rem, p_max, p_mean, n_rem):
    return d
