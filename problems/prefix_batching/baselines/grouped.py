"""Requests of a group one after another, groups in any order."""


def solve(instance):
    group = instance["group"]
    return {"order": sorted(range(len(group)), key=lambda i: group[i]), "reserve": 0.0}
