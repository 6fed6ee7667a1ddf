"""BatchLLM (Zheng et al., arXiv:2412.03594): groups together, those first that decode most for what they prefill."""


def solve(instance):
    group, suffix, prefix, guess = (instance[name] for name in ("group", "suffix", "prefix", "guess"))
    prefill, decode = list(prefix), [0] * len(prefix)
    for g, tokens in zip(group, suffix, strict=True):
        prefill[g] += tokens
        decode[g] += guess[g]
    order = sorted(range(len(group)), key=lambda i: (-decode[group[i]] / prefill[group[i]], group[i]))
    return {"order": order, "reserve": 0.0}
