"""Max-min: the task whose best finish is latest first, on that PE (Braun et al., J. Parallel Distr. Comput. 2001)."""


def priority(eft, eft_min):
    return eft - 1e6 * eft_min
