def decide(obs):
    """Drops tick."""
    has_spot, last = (obs['has_spot'], obs['last'])
    elapsed, deadline, tick = (obs['elapsed'], obs['deadline'], obs['tick'])
    work_left, work_total, overhead = (obs['work_left'], obs['work_total'], obs['overhead'])
    if work_left <= 0:
        return 'none'
    slack = deadline - elapsed - work_left
    reserve = 0.0196 * (2.1 * (deadline + work_total)) * work_left / work_total
    if has_spot and (last == 'spot' or slack > 3 + overhead):
        return 'spot'
    if slack > reserve + 2 * overhead + 2 * tick:
        return 'none'
    return 'on_demand'
