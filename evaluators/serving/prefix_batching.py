"""Batches of requests that share prefixes, all known at once, on one engine (BatchLLM, arXiv:2412.03594).

What groups of requests start with is computed once, if it is still in memory when the next one of the group is
admitted. Decodes are cheap in large batches, and prefills fill up the iterations in which they run: so the order
decides how much is computed twice, how full memory is, and how well both kinds of work overlap.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, inf
from typing import Any

from evaluators.answers import keyed, numbered, plain
from evaluators.drawing import Drawing
from evaluators.protocol import Evaluator, EvaluatorBug, Illegal, Instance, Labels, Outcome, Reference
from evaluators.serving.costs import Costs, costs
from evaluators.serving.drawing import stays, timeline
from evaluators.serving.engine import Engine
from evaluators.serving.iterations import Chunk
from evaluators.serving.kv import Kv
from evaluators.serving.requests import Request, Segment
from evaluators.serving.requests import Sequence as Running
from evaluators.serving.workloads import LogNormal

CHUNK = 2048  # tokens of an iteration: what decodes comes first, prefills get the rest
MOST_RESERVE = 0.9
SIZE, PREFIX, SUFFIX = LogNormal(3.2, 0.8), LogNormal(7.0, 0.6), LogNormal(5.0, 0.8)
OUTPUT, SPREAD, GUESS = LogNormal(4.6, 0.9), LogNormal(0.0, 0.5), LogNormal(0.0, 0.2)
MOST_PREFIX, MOST_SUFFIX, MOST_OUTPUT = 8000, 2000, 3000  # tokens


@dataclass(frozen=True)
class Batch:
    """prefix: tokens of each group's; guess: what the mean output of its requests is said to be. group, suffix and
    output of each request: its tokens after the prefix, and of its answer. capacity of the KV cache, tokens."""

    prefix: Sequence[int]
    guess: Sequence[int]
    group: Sequence[int]
    suffix: Sequence[int]
    output: Sequence[int]
    costs: Costs
    capacity: int


class SharedReads(Engine):
    """An engine that reads a prefix once an iteration for all sequences that share it, as the paper's kernels do."""

    def duration(self, chunks: Iterable[Chunk] = (), decodes: bool = True) -> float:
        """By the cost model, less what sequences beyond the first would read of a prefix again, ms."""
        chunks = list(chunks)
        reads = [(_prefix(sequence), _prefix(sequence).tokens) for sequence in self.decoding.values() if decodes]
        reads += [(_prefix(sequence), min(sequence.prefilled, _prefix(sequence).tokens)) for sequence, _ in chunks]
        most: dict[Segment, int] = {}
        for prefix, tokens in reads:
            most[prefix] = max(tokens, most.get(prefix, 0))
        again = sum(tokens for _, tokens in reads) - sum(most.values())
        return super().duration(chunks, decodes) - self.costs.kv * again


class PrefixBatching(Evaluator):
    """`solve(instance)` answers {"order": all requests, "reserve": share of memory that admission leaves free}.

    Cost: the makespan in s.
    """

    measure = "makespan, s"
    scale = "makespan above a proven bound, %"
    headline = ("makespan", "computed")

    def instances(
        self,
        split: str,
        *,
        capacities: Sequence[int],
        repeats: int,
        groups: int,
        model: str = "llama-3-8b",
        gpu: str = "a100",
        parallel: int = 1,
        longer: float = 1.0,
    ) -> list[Instance]:
        """`repeats` batches of `groups` groups for each capacity of the KV cache, in tokens.

        model, gpu, parallel: as in `costs.costs`; longer: factor on the tokens of answers.
        """
        made = []
        for capacity in capacities:
            for k in range(repeats):
                key = f"prefix batching|{split}|{capacity}|{k}"
                batch = draw(key, groups, costs(model, gpu, parallel), capacity, longer)
                made.append(Instance(key, f"cache of {capacity:,} tokens", batch))
        return made

    def reference(self, instance: Instance) -> Reference:
        """See `least_makespan`."""
        return Reference(round(least_makespan(instance.data) / 1000, 9) - 1e-9, "bound")

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        """The batch without its outputs; requests and groups are dealt out anew."""
        batch: Batch = instance.data
        request_of, group_of = _labels(batch, labels)
        label = {group: place for place, group in enumerate(group_of)}
        c = batch.costs
        return {
            "group": [label[batch.group[i]] for i in request_of],
            "suffix": [batch.suffix[i] for i in request_of],
            "prefix": [batch.prefix[g] for g in group_of],
            "guess": [batch.guess[g] for g in group_of],
            "capacity": batch.capacity,
            "chunk": CHUNK,
            "costs": {"t0": c.t0, "w": c.w, "l0": c.l0, "l1": c.l1, "attention": c.attention, "kv": c.kv},
        }

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        """The order must hold each request once; the engine then serves them in that order."""
        batch: Batch = instance.data
        request_of, _ = _labels(batch, labels)
        order, reserve = _checked(answer, len(request_of))
        return serve(batch, [request_of[i] for i in order], reserve)

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """The requests around the one in the middle."""
        made = stays(outcome.trace())
        return replace(timeline(made, made[len(made) // 2]), y="place in the order")


def draw(key: str, groups: int, c: Costs, capacity: int, longer: float) -> Batch:
    """A batch, in a random order; it follows from its key."""
    rng = random.Random(key)
    prefix, guess, rows = [], [], []
    for group in range(groups):
        prefix.append(min(max(round(PREFIX.draw(rng)), 1), MOST_PREFIX))
        mean = longer * OUTPUT.draw(rng)
        guess.append(max(1, round(mean * GUESS.draw(rng))))
        for _ in range(max(1, round(SIZE.draw(rng)))):
            suffix = min(max(round(SUFFIX.draw(rng)), 1), MOST_SUFFIX)
            output = min(max(round(mean * SPREAD.draw(rng)), 1), MOST_OUTPUT)
            rows.append((group, suffix, output))
    rng.shuffle(rows)
    group_of, suffixes, outputs = zip(*rows, strict=True)
    return Batch(prefix, guess, group_of, suffixes, outputs, c, capacity)


def serve(batch: Batch, order: Sequence[int], reserve: float, engine_class: type[Engine] = SharedReads) -> Outcome:
    """All requests are there from the beginning, and are admitted in an order."""
    engine = engine_class(batch.costs, Kv(batch.capacity))
    for place, i in enumerate(order):
        group = batch.group[i]
        prefix = Segment(group, batch.prefix[group])
        engine.receive(Request(place, 0.0, prefix.tokens + batch.suffix[i], batch.output[i], (prefix,)))
    spare, computed = ceil(reserve * batch.capacity), 0
    while engine.advance(inf):
        engine.make_room()
        chunks, budget = [], max(1, CHUNK - len(engine.decoding))
        for sequence in engine.prefilling.values():
            if budget:
                chunks.append(Chunk(sequence, min(budget, sequence.left)))
                budget -= chunks[-1].tokens
        while budget and engine.waiting and _admissible(engine, engine.waiting[0], spare):
            sequence = engine.waiting[0]
            engine.admit(sequence)
            chunks.append(Chunk(sequence, min(budget, sequence.left)))
            budget -= chunks[-1].tokens
        if chunks:
            computed += sum(chunk.tokens for chunk in chunks)
            engine.start(chunks)
        else:
            engine.decode()
    return _outcome(batch, order, engine, computed)


def _admissible(engine: Engine, sequence: Running, spare: int) -> bool:
    """Whether there is room for it and `spare` tokens more (none if nothing runs), and nobody computes its prefix."""
    prefix = _prefix(sequence)
    if any(_prefix(s) == prefix and s.prefilled < prefix.tokens for s in engine.prefilling.values()):
        return False
    running = len(engine.decoding) + len(engine.prefilling)
    need = sequence.target - prefix.tokens + running
    return engine.kv.fits((prefix,), need + (spare if running else 0))


def _prefix(sequence: Running) -> Segment:
    [prefix] = sequence.request.prefix
    return prefix


def _outcome(batch: Batch, order: Sequence[int], engine: Engine, computed: int) -> Outcome:
    if len(engine.finished) != len(order):
        raise EvaluatorBug("not all requests were served")
    least = sum(batch.prefix[g] for g in set(batch.group)) + sum(batch.suffix)
    metrics = {
        "makespan": engine.now / 1000,
        "computed": computed / least,  # tokens that were prefilled, to those that must be
        "preemptions": float(sum(s.preemptions for s in engine.finished)),
        "tokens_per_s": 1000 * sum(batch.output) / engine.now,
        "iterations": float(engine.iterations),
    }
    return Outcome(engine.now / 1000, metrics, trace=partial(list, engine.finished), decisions=list(order))


def least_makespan(batch: Batch) -> float:
    """A lower bound, ms: every token is computed once, in as few iterations as can hold all of them.

    Each of k iterations takes t0 + l0 and each token in it l1 at least; attention depends on the sequences alone, and
    so do reads of their own tokens; a prefix is read in as many iterations as the longest answer of its group needs. k
    is at least the longest output; what CHUNK holds of prompts; and what memory holds of the tokens that a sequence
    has to keep, beside its prefix, in each iteration in which it gets a token.
    """
    c = batch.costs
    used = sorted(set(batch.group))
    prompts = sum(batch.prefix[g] for g in used) + sum(batch.suffix)
    work = c.l1 * prompts + sum(c.attention * batch.prefix[g] ** 2 / 2 for g in used)
    kept, longest = 0, dict.fromkeys(used, 0)
    for g, s, o in zip(batch.group, batch.suffix, batch.output, strict=True):
        p = batch.prefix[g]
        steps = o - 1  # one token comes out of the prefill
        growing = steps * (steps - 1) // 2
        work += c.attention * s * (p + s / 2) + steps * (c.l1 + c.sequence) + c.kv * (steps * s + growing)
        longest[g] = max(longest[g], steps)
        kept += steps * (s + 1) + growing
    work += c.kv * sum(batch.prefix[g] * steps for g, steps in longest.items())
    k = max(*batch.output, ceil(prompts / CHUNK), ceil(kept / batch.capacity))
    return max(k * (c.t0 + c.l0) + work, k * (c.t0 + c.w))


def _labels(batch: Batch, labels: Labels) -> tuple[list[int], list[int]]:
    return labels.permutation("request", len(batch.group)), labels.permutation("group", len(batch.prefix))


def _checked(answer: Any, count: int) -> tuple[list[int], float]:
    """The order and the reserve. Raises Illegal."""
    answer = keyed(answer, {"order", "reserve"}, '{"order": all requests, "reserve": share of memory}', "solve")
    order, reserve = plain(answer["order"], "iu", "requests", "order: "), answer["reserve"]
    if type(order) not in (list, tuple):
        raise Illegal(f"the order is a {type(order).__name__}; expected a list of {count} requests")
    if len(order) != count:
        raise Illegal(f"the order has {len(order)} requests; there are {count}, and each must be served")
    if type(reserve) not in (int, float) or not 0 <= reserve <= MOST_RESERVE:
        raise Illegal(f"the reserve is 0 to {MOST_RESERVE:g} of the memory, not {str(reserve)[:40]}")
    return numbered(list(order), count, "request", "is named twice"), float(reserve)
