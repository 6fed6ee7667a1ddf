"""Jobs that block a machine first, among them those that most others wait for; among equals, MTWR."""


def priority(holds, wanted, work_left):
    return -1e6 * holds - 1000 * wanted - work_left
