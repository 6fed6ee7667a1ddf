"""Chunked prefill on one engine: how many tokens of which prompts join each iteration (Sarathi-Serve, OSDI 2024).

Prefill makes first tokens come soon; in the same iteration it makes the next tokens of all others come late. A
candidate chooses a budget of prompt tokens, an order of prompts, and whether decodes go on meanwhile; where nothing is
prefilled they always do.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any, NamedTuple

from evaluators.answers import keyed
from evaluators.drawing import Drawing
from evaluators.protocol import Illegal, Instance, Labels, Outcome, Reference
from evaluators.serving import workloads
from evaluators.serving.costs import Costs, costs
from evaluators.serving.deciding import decision_limit, filled, played, selected
from evaluators.serving.drawing import longest_wait, stays
from evaluators.serving.engine import Engine
from evaluators.serving.measures import figures, tail_mean, ttft
from evaluators.serving.ratios import LogRatio
from evaluators.serving.requests import Request
from evaluators.serving.requests import Sequence as Prompt

SEEN = 32  # prompts that wait, the first of them, are shown
HOLD = 4  # iterations for which an answer holds, if nothing changes
DECISION_MS = 0.1  # that an answer takes, before the iteration that it is for
TAIL = 0.99
PENALTY = 3  # power of how far the tail of times between tokens is above its target


@dataclass(frozen=True)
class Case:
    """A workload, the engine's costs, and the target for times between tokens, ms."""

    requests: Sequence[Request]
    costs: Costs
    slo: float


class Plan(NamedTuple):
    """An answer: prompt tokens per iteration, the prompts that get them, in order, and whether decodes go on."""

    budget: int
    order: list[Prompt]
    decodes: bool


class ChunkedPrefill(LogRatio):
    """`decide(obs)` answers {"budget": tokens, "order": indices of prompts, "decodes": bool}.

    Cost, s: mean TTFT of the worst 1 % of the requests, times (T / target)^3 where T, the mean of the longest 1 % of
    the times between tokens, is above its target. Means over tails, as no request can be given up without harm.
    """

    measure = "cost, s"
    scale = "100 ln(cost / cost of Sarathi-Serve's rule)"
    headline = ("ttft_p99", "tbt_p99")

    def instances(self, split: str, *, requests: int, copies: int, cells: Sequence[Sequence[Any]]) -> list[Instance]:
        """cells: [source, model, GPU, number of GPUs, target ms, requests per second, CV of their distances] each,
        played `copies` times with other requests, `requests` of them."""
        made = []
        for k in range(copies):
            for source, model, gpu, parallel, slo, rate, cv in cells:
                group = f"{source} {model} {parallel}x{gpu} slo={slo:g} rate={rate:g} cv={cv:g}"
                key = f"chunked prefill|{split}|{group}|{requests}|{k}"
                case = Case(workloads.requests(key, source, rate, requests, cv), costs(model, gpu, parallel), slo)
                made.append(Instance(key, group, case))
        return made

    def reference(self, instance: Instance) -> Reference:
        """The rule of Sarathi-Serve. No request's first token can come before its prompt has been prefilled alone."""
        case: Case = instance.data
        alone = (case.costs.iteration(0, 0, [(request.prompt, 0)]) for request in case.requests)
        return Reference(played(play(case), sarathi).cost, "baseline", round(tail_mean(alone, TAIL) / 1000, 9))

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing | None:
        """The requests around the one that waited longest for its first token."""
        return longest_wait(outcome.trace())

    def episode(self, instance: Instance, labels: Labels) -> Generator[dict[str, Any], Any, Outcome]:
        """One question where a prompt can be prefilled, once the last answer does not hold any more."""
        return play(instance.data)


def sarathi(obs: Mapping[str, Any]) -> dict[str, Any]:
    """Sarathi-Serve: all decodes, then what is left of a budget of tokens for prompts, those that are begun first."""
    tokens = 512 if obs["slo"] <= 200 else 2048
    return {
        "budget": max(0, tokens - obs["decoding"]),
        "order": list(range(len(obs["left"]))),
        "decodes": True,
    }


def play(case: Case) -> Generator[dict[str, Any], Any, Outcome]:
    """An episode: runs until the last request has all its tokens."""
    engine = Engine(case.costs)
    limit = decision_limit(case.requests, HOLD)
    plan, holds, situation, asked = Plan(0, [], True), 0, 0, 0
    for request in (*case.requests, None):
        while engine.advance(request.arrival if request else inf):
            engine.make_room()
            if not holds or engine.changes != situation:
                shown = [*engine.prefilling.values(), *engine.waiting[:SEEN]]
                if not engine.prefilling and not any(engine.fits(prompt) for prompt in shown):
                    engine.decode()
                    continue
                answer = yield _observation(case, engine, shown)
                asked += 1
                if asked > limit:
                    raise Illegal(f"more than {limit} decisions: the budgets are too small")
                plan, holds, situation = _checked(answer, shown, f"decision {asked}: "), HOLD, engine.changes
                engine.delay(DECISION_MS)
            holds -= 1
            chunks = filled(engine, plan.order, plan.budget)
            if chunks:
                engine.start(chunks, plan.decodes)
            elif engine.decoding:
                engine.decode()
                holds = 0
            else:
                raise Illegal(f"decision {asked}: nothing runs: no prompt is prefilled, and no sequence decodes")
        if request:
            engine.receive(request)
    return _outcome(case, engine, asked)


def _observation(case: Case, engine: Engine, shown: Sequence[Prompt]) -> dict[str, Any]:
    c = engine.costs
    return {
        "slo": case.slo,
        "decoding": len(engine.decoding),
        "context": engine.context,
        "since_token": engine.now - engine.last_emission if engine.decoding else 0.0,
        "started": len(engine.prefilling),
        "waiting": len(engine.waiting),
        "left": [prompt.left for prompt in shown],
        "done": [prompt.prefilled for prompt in shown],
        "waited": [engine.now - prompt.request.arrival for prompt in shown],
        "kv_room": engine.kv.room,
        "kv_capacity": engine.kv.capacity,
        "costs": c.constants(),
    }


def _checked(answer: Any, shown: Sequence[Prompt], where: str) -> Plan:
    expected = '{"budget": tokens, "order": [indices of prompts], "decodes": True or False}'
    answer = keyed(answer, {"budget", "order", "decodes"}, expected, f"{where}decide")
    budget, decodes = answer["budget"], answer["decodes"]
    if type(budget) is not int or budget < 0:
        raise Illegal(f"{where}the budget must be an integer from 0, not {str(budget)[:40]}")
    if type(decodes) is not bool:
        raise Illegal(f'{where}"decodes" must be True or False, not {str(decodes)[:40]}')
    return Plan(budget, selected(answer["order"], shown, "the order", "prompt", where), decodes)


def _outcome(case: Case, engine: Engine, asked: int) -> Outcome:
    tail = engine.gaps.tail_mean(TAIL)
    cost = tail_mean(map(ttft, engine.finished), TAIL) / 1000 * max(1.0, tail / case.slo) ** PENALTY
    made = figures(engine.finished, engine.gaps)
    names = "ttft_p50", "ttft_p99", "tbt_p99", "queueing_p50", "e2e_mean", "tokens_per_s"
    shown = {name: made[name] for name in names}
    shown |= {"tbt_tail": tail, "decisions": float(asked)}
    return Outcome(cost, shown, trace=partial(stays, engine.finished))
