"""Shrinks all tensors and lengthens the fast memory in what it was given, then fills it."""

EXPECT = "illegal"


def solve(instance):
    instance["capacity"] = 10**15
    offset = 0
    answer = []
    for i, uses in enumerate(instance["uses"]):
        answer.append([i, 0, len(uses) - 1, offset])
        offset += instance["size"][i]
        instance["size"][i] = 0
    return answer
