"""Tries to learn from earlier admissions: counts questions and turns EDF round when it takes a task for refused."""

EXPECT = "valid"
NO_BETTER_THAN = "edf"

asked = 0
largest = 0


def priority(deadline, n_tasks, left):
    global asked, largest
    asked += 1
    largest = max(largest, n_tasks)
    return deadline if asked < 200 * largest else -deadline
