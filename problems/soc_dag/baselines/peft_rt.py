"""PEFT online: tasks by decreasing mean optimistic cost, on the PE with the least finish plus entry of that table."""


def priority(oct, oct_mean, eft):
    return eft + oct - 1e6 * oct_mean
