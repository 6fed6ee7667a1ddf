"""Tries to read which qubits a task holds, as a parameter that is not offered."""

EXPECT = "signature"


def priority(deadline, busy):
    return deadline + len(busy)
