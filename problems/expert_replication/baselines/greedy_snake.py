"""Greedy replication over all slots, then replicas in order of load, dealt to the GPUs to and fro (snake)."""

import numpy as np


def decide(obs):
    load, slots, gpus = obs["load"], obs["slots"], obs["gpus"]
    layers, experts = load.shape
    rows = np.arange(layers)
    count = np.ones((layers, experts))
    placed = np.tile(np.arange(slots) % experts, (layers, 1))
    for slot in range(experts, slots):
        placed[:, slot] = (load / count).argmax(axis=1)
        count[rows, placed[:, slot]] += 1
    weight = np.take_along_axis(load / count, placed, axis=1)
    sorted_ = np.take_along_axis(placed, np.argsort(-weight, axis=1, kind="stable"), axis=1)
    rank = np.arange(slots).reshape(slots // gpus, gpus)
    rank[1::2] = rank[1::2, ::-1].copy()
    return sorted_[:, rank.T.ravel()]
