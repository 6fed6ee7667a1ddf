"""Schedules one transaction and leaves the others out: the makespan is that of the shortest."""

EXPECT = "illegal"


def solve(instance):
    transactions = instance["transactions"]
    return [min(range(len(transactions)), key=lambda i: len(transactions[i]))]
