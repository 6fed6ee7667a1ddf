"""Panneerselvam's rule (International Journal of Advanced Manufacturing Technology, 2006).

The job first whose due date the remaining work exceeds most, per unit of its processing time.
"""


def priority(p, d, P_rem):
    return (d - P_rem) / p
