"""Half of the machines compute prompts, half generate; a request stays where its prompt is if both halves are full."""


def decide(obs):
    n = len(obs["free"])
    half = n // 2
    prompt = min(range(half), key=lambda i: obs["prompt_tokens"][i])
    token = min(range(half, n), key=lambda i: obs["context_tokens"][i] + obs["incoming_tokens"][i])
    if obs["prompt_tokens"][prompt] > 4000:
        other = min(range(half, n), key=lambda i: obs["prompt_tokens"][i])
        if obs["prompt_tokens"][other] < 1000:
            return other, token
    return prompt, token
