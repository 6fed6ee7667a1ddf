"""Cost over tail: the time that this operation and the wait after it take, per unit of the job's remaining path."""


def priority(p, work_after, ops_left, ready, t, queue_next, free_next, load_next):
    """Small cost per remaining path goes first; the path counts work and an expected wait per operation, the cost falls if a loaded next machine would run dry."""
    hunger = load_next / (164.0 + queue_next + max(0.0, free_next - t))
    cost = 891.0 + p - 0.0595 * (t - ready)
    tail = 197.0 + work_after + 15.7 * ops_left + 29.9 * min(hunger, 9.39)
    return cost / tail
