"""Answers with a string that compares as every action: only plain data may cross."""

EXPECT = "type"


class Anything(str):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return hash("none")


def decide(obs):
    return Anything("spot")
