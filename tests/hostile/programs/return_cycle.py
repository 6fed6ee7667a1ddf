"""Returns a list that holds itself. Must be a type error."""

EXPECT = {"default": "type"}


def decide(observation):
    answer = []
    answer.append(answer)
    return answer
