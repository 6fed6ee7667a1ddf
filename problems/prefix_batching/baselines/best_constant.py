"""BatchLLM's order with the reserve that is best on train, 0.15, of 0, 0.05, 0.1, 0.15, 0.2 and 0.3 of the memory."""


def solve(instance):
    group, suffix, prefix, guess = (instance[name] for name in ("group", "suffix", "prefix", "guess"))
    prefill, decode = list(prefix), [0] * len(prefix)
    for g, tokens in zip(group, suffix, strict=True):
        prefill[g] += tokens
        decode[g] += guess[g]
    order = sorted(range(len(group)), key=lambda i: (-decode[group[i]] / prefill[group[i]], group[i]))
    return {"order": order, "reserve": 0.15}
