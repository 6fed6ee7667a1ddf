"""The item with the largest profit first, whatever it requires."""


def priority(p):
    return -p
