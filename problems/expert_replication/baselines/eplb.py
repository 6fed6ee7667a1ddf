"""DeepSeek's EPLB, hierarchical, as in vLLM: groups to nodes, replicas within the node, replicas to its GPUs."""

import numpy as np


def decide(obs):
    load, slots, gpus, nodes, groups = obs["load"], obs["slots"], obs["gpus"], obs["nodes"], obs["groups"]
    layers, experts = load.shape
    size = experts // groups
    each = experts // nodes
    node, rank = pack(load.reshape(layers, groups, size).sum(axis=2), nodes)
    first = (node * (groups // nodes) + rank) * size
    position = (first[:, :, None] + np.arange(size)).reshape(layers, experts)
    expert_at = np.argsort(position, axis=1)

    within = np.take_along_axis(load, expert_at, axis=1).reshape(layers * nodes, each)
    expert, count = replicate(within, slots // nodes)
    weight = np.take_along_axis(within / count, expert, axis=1)
    gpu, rank = pack(weight, gpus // nodes)
    slot = gpu * (slots // gpus) + rank
    placed = np.empty_like(expert)
    np.put_along_axis(placed, slot, expert, axis=1)

    offset = (np.arange(nodes) * each)[None, :, None]
    in_layer = placed.reshape(layers, nodes, -1) + offset
    return np.take_along_axis(expert_at, in_layer.reshape(layers, slots), axis=1)


def pack(weight, packs):
    """Heaviest item first, to the lightest pack that is not full: the pack of each item and its place in there."""
    rows, items = weight.shape
    every = np.arange(rows)
    level = np.zeros((rows, packs))
    used = np.zeros((rows, packs), int)
    pack_of = np.empty((rows, items), int)
    rank_of = np.empty((rows, items), int)
    for item in np.argsort(-weight, axis=1, kind="stable").T:
        chosen = np.where(used < items // packs, level, np.inf).argmin(axis=1)
        pack_of[every, item] = chosen
        rank_of[every, item] = used[every, chosen]
        level[every, chosen] += weight[every, item]
        used[every, chosen] += 1
    return pack_of, rank_of


def replicate(weight, slots):
    """One slot each, then one more for the expert with the most load a replica: expert of each slot, and counts."""
    rows, experts = weight.shape
    every = np.arange(rows)
    count = np.ones((rows, experts), int)
    expert = np.tile(np.arange(slots) % experts, (rows, 1))
    for slot in range(experts, slots):
        expert[:, slot] = (weight / count).argmax(axis=1)
        count[every, expert[:, slot]] += 1
    return expert, count
