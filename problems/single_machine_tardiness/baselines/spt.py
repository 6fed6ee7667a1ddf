"""SPT, shortest processing time first (Smith, Naval Research Logistics Quarterly 3, 1956)."""


def priority(p, d):
    return p + 1e-6 * d  # equal lengths: the earlier due date first
