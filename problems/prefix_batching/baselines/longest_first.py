"""The longest prompt first, whatever it shares."""


def solve(instance):
    group, suffix, prefix = instance["group"], instance["suffix"], instance["prefix"]
    order = sorted(range(len(group)), key=lambda i: -(prefix[group[i]] + suffix[i]))
    return {"order": order, "reserve": 0.0}
