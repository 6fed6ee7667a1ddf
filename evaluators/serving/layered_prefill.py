"""Layered prefill on one engine: a prompt passes through one group of the layers an iteration (Lee et al., 2025).

Chunks of a prompt keep iterations short, and each of them reads the experts of a mixture model anew. Groups of layers
keep them short as well, and read each expert once a prompt. A candidate chooses which prompts are prefilled together,
how many of their tokens, and in how many groups; decodes always go on, through all layers.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, inf, sqrt
from typing import Any, NamedTuple

import numpy as np

from evaluators.answers import keyed
from evaluators.drawing import Drawing
from evaluators.protocol import Illegal, Instance, Labels, Outcome, Reference
from evaluators.serving import workloads
from evaluators.serving.deciding import decision_limit, filled, played, selected
from evaluators.serving.drawing import longest_wait, stays
from evaluators.serving.engine import Engine
from evaluators.serving.iterations import Chunk
from evaluators.serving.measures import figures, tail_mean, ttft
from evaluators.serving.mixtures import MixtureCosts, mixture
from evaluators.serving.ratios import LogRatio
from evaluators.serving.requests import Request
from evaluators.serving.requests import Sequence as Prompt

SEEN = 32  # prompts that wait, the first of them, are shown
HOLD = 4  # passes for which an answer holds, if nothing changes
DECISION_MS = 0.1  # that an answer takes, before the pass that it is for
TAIL = 0.99
PENALTY = 3  # power of how far the tail of times between tokens is above its target


@dataclass(frozen=True)
class Case:
    """A workload, the engine's costs, and the target for times between tokens, ms."""

    requests: Sequence[Request]
    costs: MixtureCosts
    slo: float


class Plan(NamedTuple):
    """An answer: the prompts of a pass, in order, how many tokens of them, in how many groups of layers."""

    order: list[Prompt]
    tokens: int
    groups: int


class LayeredPrefill(LogRatio):
    """`decide(obs)` answers {"order": indices of prompts, "tokens": tokens of a pass, "groups": groups of layers}.

    Cost, s: the geometric mean of the mean TTFT and of the mean TTFT of the worst 1 % of the requests, times
    (T / target)^3 where T, the mean of the longest 1 % of the times between tokens, is above its target.
    """

    measure = "cost, s"
    scale = "100 ln(cost / cost of the paper's rule)"
    headline = ("ttft_mean", "tbt_p99", "gb_per_token")

    def instances(self, split: str, *, requests: int, copies: int, cells: Sequence[Sequence[Any]]) -> list[Instance]:
        """cells: [source, model, GPU, number of GPUs, target ms, requests per second, CV of their distances] each,
        played `copies` times with other requests, `requests` of them."""
        made = []
        for k in range(copies):
            for source, model, gpu, parallel, slo, rate, cv in cells:
                group = f"{source} {model} {parallel}x{gpu} slo={slo:g} rate={rate:g} cv={cv:g}"
                key = f"layered prefill|{split}|{group}|{requests}|{k}"
                case = Case(workloads.requests(key, source, rate, requests, cv), mixture(model, gpu, parallel), slo)
                made.append(Instance(key, group, case))
        return made

    def reference(self, instance: Instance) -> Reference:
        """The paper's rule. No request's first token can come before its prompt has been prefilled alone."""
        case: Case = instance.data
        alone = [case.costs.iteration(0, 0, [(request.prompt, 0)]) for request in case.requests]
        return Reference(played(play(case), layered).cost, "baseline", round(_level(alone), 9))

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing | None:
        """The requests around the one that waited longest for its first token."""
        return longest_wait(outcome.trace())

    def episode(self, instance: Instance, labels: Labels) -> Generator[dict[str, Any], Any, Outcome]:
        """One question where prompts can begin a pass, once the last answer does not hold any more."""
        return play(instance.data)


def layered(obs: Mapping[str, Any]) -> dict[str, Any]:
    """The paper's rule: one prompt at a time, whole, in one group of layers for each 512 of its tokens."""
    return {"order": [0], "tokens": obs["left"][0], "groups": min(obs["layers"], ceil(obs["left"][0] / 512))}


def play(case: Case) -> Generator[dict[str, Any], Any, Outcome]:
    """An episode: runs until the last request has all its tokens."""
    engine = Engine(case.costs)
    limit = decision_limit(case.requests, HOLD)
    plan, holds, situation, asked = Plan([], 0, 1), 0, 0, 0
    chunks: list[Chunk] = []  # of the pass under way
    passed, traffic = 0, 0.0  # groups of it that are done; weights that prompts had read in excess of decodes, ms
    for request in (*case.requests, None):
        while engine.advance(request.arrival if request else inf):
            engine.make_room()
            if passed == plan.groups:
                chunks, passed = [], 0
            chunks = [chunk for chunk in chunks if chunk.sequence.request.id in engine.prefilling]
            if not chunks:
                passed = 0
                if not holds or engine.changes != situation:
                    shown = [*engine.prefilling.values(), *engine.waiting[:SEEN]]
                    if not engine.prefilling and not any(engine.fits(prompt) for prompt in shown):
                        engine.decode()
                        continue
                    answer = yield _observation(case, engine, shown)
                    asked += 1
                    if asked > limit:
                        raise Illegal(f"more than {limit} decisions: the passes have too few tokens")
                    plan = _checked(answer, shown, case.costs.layers, f"decision {asked}: ")
                    holds, situation = HOLD, engine.changes
                    engine.delay(DECISION_MS)
                holds -= 1
                chunks = filled(engine, plan.order, plan.tokens)
            if chunks:
                traffic += _start(case.costs, engine, chunks, plan.groups, passed)
                passed += 1
            elif engine.decoding:
                engine.decode()
                holds = 0
            else:
                raise Illegal(f"decision {asked}: nothing runs: no prompt is prefilled, and no sequence decodes")
        if request:
            engine.receive(request)
    return _outcome(case, engine, asked, traffic)


def _start(costs: MixtureCosts, engine: Engine, chunks: Sequence[Chunk], groups: int, passed: int) -> float:
    """Start the iteration that takes chunks through the next group; with the last one they are done. Returns how long
    the weights are read that decodes alone would not need, ms."""
    layers = costs.layers * (passed + 1) // groups - costs.layers * passed // groups
    batch, tokens = len(engine.decoding), sum(chunk.tokens for chunk in chunks)
    work = [(chunk.tokens, chunk.sequence.prefilled) for chunk in chunks]
    length = costs.grouped(batch, engine.context, work, layers)
    engine.start(chunks if passed + 1 == groups else (), ms=length)
    return layers / costs.layers * (costs.reading(batch + tokens) - costs.reading(batch))


def _observation(case: Case, engine: Engine, shown: Sequence[Prompt]) -> dict[str, Any]:
    c = case.costs
    return {
        "slo": case.slo,
        "layers": c.layers,
        "decoding": len(engine.decoding),
        "context": engine.context,
        "started": len(engine.prefilling),
        "waiting": len(engine.waiting),
        "left": [prompt.left for prompt in shown],
        "done": [prompt.prefilled for prompt in shown],
        "waited": [engine.now - prompt.request.arrival for prompt in shown],
        "kv_room": engine.kv.room,
        "kv_capacity": engine.kv.capacity,
        "costs": {
            "t0": c.t0,
            "w": c.w,
            "expert": c.expert,
            "experts": c.experts,
            "active": c.active,
            "l1": c.l1,
            "attention": c.attention,
            "kv": c.kv,
            "sequence": c.sequence,
        },
    }


def _checked(answer: Any, shown: Sequence[Prompt], layers: int, where: str) -> Plan:
    expected = '{"order": [indices of prompts], "tokens": tokens, "groups": groups of layers}'
    answer = keyed(answer, {"order", "tokens", "groups"}, expected, f"{where}decide")
    tokens, groups = answer["tokens"], answer["groups"]
    if type(tokens) is not int or tokens < 0:
        raise Illegal(f'{where}"tokens" must be an integer from 0, not {str(tokens)[:40]}')
    if type(groups) is not int or not 1 <= groups <= layers:
        raise Illegal(f'{where}"groups" must be an integer from 1 to {layers}, not {str(groups)[:40]}')
    return Plan(selected(answer["order"], shown, "the order", "prompt", where), tokens, groups)


def _level(times: Sequence[float]) -> float:
    """Geometric mean of the mean and of the mean of the worst 1 %, of ms, in s."""
    return sqrt(float(np.mean(times)) * tail_mean(times, TAIL)) / 1000


def _outcome(case: Case, engine: Engine, asked: int, traffic: float) -> Outcome:
    tail = engine.gaps.tail_mean(TAIL)
    cost = _level([ttft(prompt) for prompt in engine.finished]) * max(1.0, tail / case.slo) ** PENALTY
    made = figures(engine.finished, engine.gaps)
    names = "ttft_mean", "ttft_p50", "ttft_p99", "tbt_mean", "tbt_p99", "queueing_p50", "e2e_mean", "tokens_per_s"
    shown = {name: made[name] for name in names}
    read = traffic + sum(count * case.costs.reading(batch) for batch, count in engine.batches.items())
    tokens = sum(request.output for request in case.requests)
    shown |= {"gb_per_token": read * case.costs.gb_per_ms / tokens, "tbt_tail": tail, "decisions": float(asked)}
    return Outcome(cost, shown, trace=partial(stays, engine.finished))
