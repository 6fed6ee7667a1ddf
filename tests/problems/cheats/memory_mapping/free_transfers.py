"""Claims single uses of everything, one after the other at address 0: legal, but every stay pays its transfer."""

EXPECT = "valid"
NO_BETTER_THAN = "first_fit_program_order"


def solve(instance):
    taken = set()
    answer = []
    for i, uses in enumerate(instance["uses"]):
        for k, step in enumerate(uses):
            if step not in taken and instance["size"][i] <= instance["capacity"]:
                taken.add(step)
                answer.append([i, k, k, 0])
    return answer
