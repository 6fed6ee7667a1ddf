"""MDD, modified due date (Baker and Bertrand, Journal of Operations Management 3, 1982)."""


def priority(p, d, t):
    return max(t + p, d)
