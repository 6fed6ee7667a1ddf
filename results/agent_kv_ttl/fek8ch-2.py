"""Small needs first with credit for age and wait; once the run has warmed up, what does not fit is skipped for a while, and caches that are still there go first."""

WARM = 75.6         # seconds of the run until memory is full and a queue stands
EARLY_HOLD = 3.26     # time to live before that
HOLD = 5.16
AGE_RATE = 34.4      # tokens of need that a second of the program's age makes good
WAIT_RATE = 16.9     # the same for a second that this turn has waited
CONTEXT_WEIGHT = 0.104 # how much the whole context counts beside what is needed
PREFILL_WEIGHT = 0.581 # how much what must be computed counts, late in the run
BACK_BONUS = 53.5    # seconds of held_for that a returned tool is worth, when caches are let go
AGE_BONUS = 0.0323   # the same for a second of the program's age
PATIENCE = 56.9      # a turn that does not fit is skipped until it has waited so long
RESERVE = 3790.0     # tokens of room that are kept for what runs, when a turn without a held cache is admitted


def decide(obs):
    """Small needs first with credit for age and wait; late in the run, what does not fit is skipped until it has waited long."""
    late = obs["time"] > WARM
    if obs["ask"] == "ttl":
        return HOLD if late else EARLY_HOLD
    if obs["ask"] == "unpin":
        rows = obs["pinned"]
        return max(range(len(rows)), key=lambda i: rows[i]["held_for"]
                   - (BACK_BONUS if rows[i]["back"] else 0.0) - AGE_BONUS * rows[i]["age"])
    rows = obs["waiting"]

    def cost(r):
        return (r["need"] + CONTEXT_WEIGHT * r["context"] - AGE_RATE * r["age"] - WAIT_RATE * r["waited"]
                + (PREFILL_WEIGHT * r["prefill"] if late else 0.0))

    order = sorted(range(len(rows)), key=lambda i: (not rows[i]["pinned"], cost(rows[i])))
    if not late:
        return order
    room, chosen = obs["room"], []
    for i in order:
        r = rows[i]
        if r["need"] + (0.0 if r["pinned"] else RESERVE) <= room:
            chosen.append(i)
            room -= r["need"]
        elif r["waited"] > PATIENCE:
            break  # an old one that does not fit: nobody overtakes it any longer
    return chosen if chosen or obs["running"] else order[:1]
