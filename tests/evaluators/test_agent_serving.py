"""Agent programs on one engine: by hand, what is conserved whatever is decided, what is refused, what is not seen."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.protocol import Illegal, Instance
from evaluators.serving import agents
from evaluators.serving.agent_kv_ttl import AgentKvTtl, constant_ttl
from evaluators.serving.agent_serving import CHUNK, Case, Serving, total_cost
from evaluators.serving.agents import TOOLS, Program, Turn
from evaluators.serving.costs import costs

COSTS = costs("llama-3-8b", "a100")
Decide = Callable[[dict[str, Any]], Any]


def serve(case: Case, decide: Decide, watch: Callable[[Serving], None] = lambda s: None) -> tuple[Serving, float]:
    """The serving, ended, and its cost."""
    serving = Serving(case, list(range(len(TOOLS))))
    episode = serving.run()
    answer: Any = None
    while True:
        try:
            seen = episode.send(answer)
        except StopIteration as stop:
            return serving, stop.value.cost
        watch(serving)
        answer = decide(seen)


def fixed(seconds: float) -> Decide:
    """A constant time to live; what is held goes first, then first come; the first pinned one is let go."""

    def decide(obs: dict[str, Any]) -> Any:
        if obs["ask"] == "ttl":
            return seconds
        if obs["ask"] == "unpin":
            return 0
        return sorted(range(len(obs["waiting"])), key=lambda i: not obs["waiting"][i]["pinned"])

    return decide


def drawn(key: str, count: int = 8, rate: float = 0.5, capacity: int = 16_000) -> Case:
    programs = agents.programs(key, rate, count, 1.0, (300, 1.0), 1.0, capacity // 2)
    return Case([replace(p, turns=(*p.turns[:-1][:5], p.turns[-1])) for p in programs], COSTS, capacity)


def test_one_program_alone_takes_what_it_must() -> None:
    """Two turns: 1,000 tokens are prefilled, 9 decoded, the tool takes 2 s, 101 are prefilled (one of them came out
    last and is not in the cache), 4 decoded. An order takes 0.1 ms, a time to live none."""
    program = Program(500.0, (Turn(1000, 10, 0, 2.0), Turn(100, 5, -1, 0.0)))
    first = 2 + 0.02 + 5.3 + 0.0674 * 1000 + COSTS.attention * 1000 * 500
    second = 2 + 0.02 + 5.3 + 0.0674 * 101 + COSTS.attention * 101 * (1009 + 50.5) + COSTS.kv * 1009
    decodes = sum(2 + 10.5 + 0.02 + COSTS.kv * context for context in (*range(1000, 1009), *range(1110, 1114)))
    expected = (first + second + decodes) / 1000 + 2
    for seconds in (0.0, 10.0):  # nobody else takes the memory
        _, cost = serve(Case([program], COSTS, 5000), fixed(seconds))
        assert cost == pytest.approx(expected + 2 * 0.0001, abs=1e-9)
    assert program.alone(COSTS, CHUNK) / 1000 == pytest.approx(expected, abs=1e-9)


def test_what_is_not_held_is_prefilled_again_and_what_is_held_keeps_others_out() -> None:
    """While the tool of the first runs 3 s, the second comes, which needs 4,000 of the 5,800 tokens; a third one
    runs all the time, with at most 700."""
    first = Program(0.0, (Turn(2000, 10, 0, 3.0), Turn(100, 5, -1, 0.0)))
    others = [Program(1000.0, (Turn(4000, 10, -1, 0.0),)), Program(0.0, (Turn(100, 600, -1, 0.0),))]
    case = Case([first, *others], COSTS, 5800)

    def served(seconds: float) -> tuple[Serving, Any, Any]:
        """And its first turn and the second program."""
        serving, _ = serve(case, fixed(seconds))
        [opening] = [s for s in serving.engine.finished if s.request.prompt == 2000]
        [second] = [s for s in serving.engine.finished if s.request.about.number == 1]
        return serving, opening, second

    free, _, second = served(0.0)
    assert free.known == 2009
    assert free.hits < 1792  # the second took 4,009 of 5,800
    assert second.admitted < 1020  # with the next iteration
    held, _, second = served(10.0)
    assert (held.known, held.hits, held.kept, held.unpinned) == (2009, 2009, 1, 0)
    [last] = [s for s in held.engine.finished if s.request.prompt == 2110]
    assert second.admitted == last.finished  # not before the first program has ended
    short, opening, second = served(1.5)
    assert short.hits < 1792
    assert opening.finished + 1500 <= second.admitted < opening.finished + 1520  # the iteration after the pin ended


def test_a_pin_is_taken_off_when_nothing_else_can_run() -> None:
    """Nothing runs while the tool does, and the second does not fit beside what is held."""
    first = Program(0.0, (Turn(2000, 10, 0, 50.0), Turn(100, 5, -1, 0.0)))
    case = Case([first, Program(1000.0, (Turn(4000, 10, -1, 0.0),))], COSTS, 5000)
    served, _ = serve(case, fixed(100.0))
    assert served.unpinned == 1
    assert served.engine.finished[1].request.about.number == 1
    assert served.engine.finished[1].admitted == 1000.0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), capacity=st.sampled_from([16_000, 30_000]))
def test_random_legal_policies_conserve(seed: int, capacity: int) -> None:
    """Memory within its capacity, held memory part of it, every turn served once, all given back."""
    case, rng = drawn(f"conserve {seed}", capacity=capacity), random.Random(seed)

    def decide(obs: dict[str, Any]) -> Any:
        if obs["ask"] == "ttl":
            return rng.choice([0.0, 0.1, 5.0, 1000.0])
        if obs["ask"] == "unpin":
            return rng.randrange(len(obs["pinned"]))
        rows = list(range(len(obs["waiting"])))
        rng.shuffle(rows)
        return rows[: rng.randint(0 if obs["running"] else 1, len(rows))]

    def watch(serving: Serving) -> None:
        kv = serving.engine.kv
        assert 0 <= kv.evictable <= kv.used <= kv.capacity
        assert sum(agent.held for agent in serving.pinned.values()) <= kv.used - kv.evictable

    serving, cost = serve(case, decide, watch)
    done = [(s.request.about.number, s.request.prompt, s.generated) for s in serving.engine.finished]
    expected = []
    for number, program in enumerate(case.programs):
        context = 0
        for turn in program.turns:
            expected.append((number, context + turn.new, turn.output))
            context += turn.new + turn.output
    assert sorted(done) == sorted(expected)
    for sequence in serving.engine.finished:
        times = sequence.token_times()
        assert len(times) == sequence.request.output
        assert sequence.request.arrival < times[0]
        assert times == sorted(times)
    assert not serving.pinned
    assert serving.engine.kv.used == serving.engine.kv.evictable
    assert cost >= total_cost([program.alone(COSTS, CHUNK) / 1000 for program in case.programs]) - 1e-9


BAD = [
    ("ttl", "10", "a str"), ("ttl", True, "a bool"), ("ttl", -1, "0 to 86400"), ("ttl", nan, "0 to 86400"),
    ("ttl", inf, "0 to 86400"), ("ttl", None, "a NoneType"), ("ttl", [1.0], "a list"),
    ("order", [0, 0], "names a request twice"), ("order", [99], "has 99"), ("order", [-1], "has -1"),
    ("order", [True], "has True"), ("order", [0.0], "has 0.0"), ("order", None, "a NoneType"), ("order", 0, "a int"),
    ("order", [], "at least one"), ("order", np.zeros((1, 1), int), "shape"), ("order", np.array([0.0]), "float64"),
    ("unpin", -1, "-1"), ("unpin", 99, "99"), ("unpin", False, "a bool"), ("unpin", 0.0, "a float"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "answer", "reason"), BAD)
def test_bad_answers_are_refused_with_the_reason(ask: str, answer: Any, reason: str) -> None:
    good = fixed(100.0)
    with pytest.raises(Illegal, match=reason) as refused:
        serve(drawn("bad"), lambda obs: answer if obs["ask"] == ask else good(obs))
    assert str(refused.value).startswith(f"{ask}: ")


def after(case: Case, serving: Serving, time: float) -> Case:
    """The case with everything drawn anew that shows only after a time, ms."""
    starts = {(s.request.about.number, s.request.prompt): s for s in serving.engine.finished}
    programs = []
    for number, program in enumerate(case.programs):
        if program.arrival >= time:
            programs.append(Program(program.arrival + 77.0, (Turn(123, 45, -1, 0.0),)))
            continue
        turns, context = [], 0
        for turn in program.turns:
            sequence = starts[number, context + turn.new]
            context += turn.new + turn.output
            assert sequence.finished is not None
            if sequence.finished >= time:  # it goes on longer, and was its last
                turns.append(Turn(turn.new, turn.output + 60, -1, 0.0))
                break
            if turn.tool >= 0 and sequence.finished + 1000 * turn.seconds >= time:
                turns += [turn._replace(seconds=turn.seconds + 9.0), Turn(55, 5, -1, 0.0)]
                break
            turns.append(turn)
        programs.append(Program(program.arrival, tuple(turns)))
    return Case(programs, case.costs, case.capacity)


@pytest.mark.parametrize("seed", range(6))
def test_the_future_does_not_change_the_past(seed: int) -> None:
    """What is seen and decided before a time is the same whatever comes after it."""
    case = drawn(f"future {seed}")

    def played(case: Case) -> tuple[Serving, list[Any]]:
        seen: list[Any] = []
        policy = fixed(3.0)

        def decide(obs: dict[str, Any]) -> Any:
            seen.append(obs)
            return policy(obs)

        serving, _ = serve(case, decide)
        return serving, seen

    serving, before = played(case)
    time = random.Random(seed).uniform(0.2, 0.8) * serving.engine.now
    _, again = played(after(case, serving, time))
    known = [obs for obs in before if 1000 * obs["time"] < time]
    assert len(known) > 10
    assert again[: len(known)] == known
    assert again != before


def test_no_observation_tells_of_what_is_to_come() -> None:
    seen: dict[str, set[str]] = {}

    def decide(obs: dict[str, Any]) -> Any:
        seen.setdefault(obs["ask"], set()).update(obs, *(obs.get("waiting") or obs.get("pinned") or []))
        return fixed(100.0)(obs)

    serve(drawn("keys"), decide)
    common = {"ask", "time", "capacity", "room", "held", "running", "waits", "turn", "age", "service"}
    assert seen["ttl"] == common | {"n_waiting", "tokens_waiting", "tool", "durations", "context", "reload"}
    assert seen["order"] == common | {"waiting", "pinned", "waited", "need", "prefill", "context", "preempted"}
    assert seen["unpin"] == common | {"pinned", "tokens", "back", "held_for", "left", "tool"}


def test_the_reference_is_the_constant_and_its_bound_is_below() -> None:
    instance = Instance("reference", "", drawn("reference"))
    reference = AgentKvTtl().reference(instance)
    assert reference.kind == "baseline"
    assert reference.value == pytest.approx(constant_ttl(instance).cost)
    assert reference.bound is not None
    assert reference.bound < reference.value
