"""Extrapolates each load, replicates the heaviest experts, and places replicas in order of their expert's load."""

import numpy as np


def decide(obs):
    history, slots, gpus = obs["history"], obs["slots"], obs["gpus"]
    load, before = history[-1], history[-2:][0]
    estimate = expected(load, before, history.mean(axis=0), history.std(axis=0)).T
    expert, count = replicate(estimate, slots)
    layer = np.arange(len(load))
    weight = (estimate / count)[expert, layer]
    first = urgency(weight, estimate[expert, layer], count[expert, layer])
    return pack(expert, weight, np.argsort(-first, axis=0, kind="stable"), gpus).T


def expected(load, before, mean, deviation):
    """Loads of the next window; arrays [layers, experts]."""
    trend = load - before
    return load + 0.5 * trend + 0.1 * mean + 0.01 * deviation


def need(estimate, count):
    """The expert with the largest value gets the next spare slot."""
    return estimate / count


def urgency(weight, total, count):
    """The replica with the largest value is placed first: by its load, its expert's load and how many it has."""
    return total + 0.1 * weight * count


def replicate(estimate, slots):
    """The expert of each slot, [slots, layers], and the replicas of each expert, [experts, layers]."""
    experts, layers = estimate.shape
    layer = np.arange(layers)
    count = np.ones((experts, layers))
    expert = np.tile(np.arange(experts), (layers, 1)).T
    spare = []
    for _ in range(experts, slots):
        spare.append(np.argmax(need(estimate, count), axis=0))
        count[spare[-1], layer] += 1
    return np.vstack([expert, *spare]), count


def pack(expert, weight, order, gpus):
    """One replica for each GPU at a time, in the given order, the first to the GPU with the smallest load so far."""
    slots, layers = expert.shape
    layer = np.arange(layers)
    rounds = order.reshape(-1, gpus, layers)
    level = np.zeros((gpus, layers))
    answer = np.empty((gpus, len(rounds), layers), int)
    for place, chosen in enumerate(rounds):
        lightest = np.argsort(level, axis=0, kind="stable")
        answer[lightest, place, layer] = expert[chosen, layer]
        level[lightest, layer] += weight[chosen, layer]
    return answer.reshape(slots, layers)
