"""The call that most likely ends soon, by Gittins' index of past answers of its kind, for a second or two.

Of a call with `done` tokens, by the past answers of its kind that are longer: the largest ratio, over lengths of a
slice, of the probability that it ends within it to the time that it runs in it. The call that is loaded counts for
1.2 times as much, as a switch costs time.
"""


def decide(obs):
    best, choice = -1.0, 0
    for i, kind in enumerate(obs["kind"]):
        index = gittins(obs["past"][kind], obs["done"][i])
        if i == obs["loaded"]:
            index *= 1.2
        if index > best:
            best, choice = index, i
    return {"next": choice, "slice": 1.0}


def gittins(past, done):
    left = sorted(length - done for length in past if length > done)
    if len(left) < 3:
        left = [max(done, 100)]
    best, spent, n = 0.0, 0.0, len(left)
    for k, tokens in enumerate(left):
        spent += tokens
        best = max(best, (k + 1) / (spent + tokens * (n - k - 1) + 1))
    return best
