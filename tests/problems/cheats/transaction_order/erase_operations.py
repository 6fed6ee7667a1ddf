"""Empties the transactions that it was given, so that nothing conflicts any more where the candidate sees it."""

EXPECT = "valid"
NO_BETTER_THAN = "initial"


def solve(instance):
    transactions = instance["transactions"]
    for i in range(len(transactions)):
        transactions[i][:] = [0]
    return list(range(len(transactions)))
