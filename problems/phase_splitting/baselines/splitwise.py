"""Splitwise (Patel et al., ISCA 2024): a prompt pool, a token pool, and what one of them borrows from the other.

Prompts join the shortest queue of the prompt pool, outputs go where the least memory is used. If even the shortest
queue is longer than a threshold, the token machine with the fewest prompt tokens takes the whole request: it is in the
mixed pool until its prompts are done. Pools of 4 and 6 of 10 machines, the best for conversations; the threshold is the
best of 1,000, 2,000 and 4,000 on train.
"""

SHARE, THRESHOLD = 0.4, 4000


def decide(obs):
    n = len(obs["free"])
    k = round(SHARE * n)
    prompt = min(range(k), key=lambda i: obs["prompt_tokens"][i])
    if obs["prompt_tokens"][prompt] > THRESHOLD:
        mixed = min(range(k, n), key=lambda i: (obs["prompt_tokens"][i], obs["context_tokens"][i]))
        if obs["prompt_tokens"][mixed] < obs["prompt_tokens"][prompt]:
            return mixed, mixed
    return prompt, min(range(k, n), key=lambda i: obs["context_tokens"][i] + obs["incoming_tokens"][i])
