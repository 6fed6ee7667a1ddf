"""Roads in a random order, as long as the budget lasts."""

import zlib


def decide(obs):
    cost, left, chosen = obs["road_cost"], obs["budget"], []
    order = sorted(range(len(cost)), key=lambda k: zlib.crc32(f"{cost[k]} {obs['road_capacity'][k]}".encode()))
    for road in order:
        if cost[road] <= left:
            left -= cost[road]
            chosen.append(road)
    return {"build": chosen}
