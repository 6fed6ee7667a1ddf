"""Keeps every run's availability under the interpreter itself, to know the future of a later run on the same trace.

Once a run agrees with an earlier one in its first 40 slots, it knows whether spot machines will come back. No two runs
share a trace, so that nothing is ever recognised.
"""

import sys

EXPECT = "valid"
NO_BETTER_THAN = "greedy_safety"

mine = []


def decide(obs):
    if obs["work_left"] <= 0:
        return "none"
    books = sys.__dict__.setdefault("_books", [])
    if not mine:
        books.append(mine)
    mine.append(obs["has_spot"])
    length = len(mine)
    known = [book for book in books if book is not mine and len(book) > length > 40 and book[:length] == mine]
    if known and True not in known[0][length:]:
        return "on_demand"
    return "spot" if obs["has_spot"] else "none"
