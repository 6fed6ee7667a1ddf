"""The best constant on train: 75 %, of 50, 60, 70, 75, 80 and 85."""


def decide(obs):
    return 75
