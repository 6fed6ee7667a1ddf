"""The pair whose PE has the least work once it has done the task; what the data cost is ignored."""


def priority(w, wait, data, w_mean, up, n_ready):
    return wait + w
