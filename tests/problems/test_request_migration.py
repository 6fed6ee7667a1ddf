"""Request migration: questions and answers, the order and the ratios of its rules, golden figures, hidden futures."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.protocol import Illegal, Instance
from evaluators.references import disagreements
from evaluators.serving.costs import Costs
from evaluators.serving.request_migration import Case, RequestMigration
from evaluators.serving.requests import Request
from tests.measured import of_problem, recorded
from tests.playing import play

# Mean gap on train.
GOLDEN = {
    "freest": 33.07,
    "initial": 38.45,
    "join_shortest_queue": 135.66,
    "least_memory": 42.43,
    "least_memory_and_migration": 35.8,
    "llumnix": 31.53,
    "round_robin": 295.69,
}
TEN = Costs(t0=10, w=0, l0=0, l1=0, attention=0, kv=0, sequence=0, kv_bytes=100_000, capacity=1000)
Decide = Callable[[dict[str, Any]], Any]

problem, measured = of_problem("request_migration")
gap = recorded("request_migration")


def rule(name: str) -> Decide:
    scope: dict[str, Any] = {}
    exec(problem().baselines[name], scope)
    made: Decide = scope["decide"]
    return made


def instance(requests: list[Request], engines: int = 3) -> Instance:
    return Instance("by hand", "by hand", Case(engines, TEN, requests))


def by_memory(obs: dict[str, Any]) -> Any:
    """Dispatches by memory, and moves whatever fits to where most is free."""
    best = max(range(len(obs["free"])), key=lambda i: obs["free"][i] - obs["waiting_tokens"][i])
    if obs["event"] == "dispatch":
        return best
    fitting = [r for r in obs["requests"] if r[1] != best and r[2] + obs["margin"] <= obs["free"][best]]
    return [(r[0], best) for r in fitting[:1]]


def test_alone_a_request_is_at_the_bound() -> None:
    """10 ms to the first token and 10 ms for each of the others: 0.01 s + 20 x 0.01 s."""
    made = instance([Request(0, 5.0, 100, 50)])
    outcome, _ = play(RequestMigration(), made, lambda obs: 0 if obs["event"] == "dispatch" else [])
    assert outcome.cost == pytest.approx(0.21)
    assert RequestMigration().reference(made).value == pytest.approx(0.21)


def test_what_is_sent() -> None:
    """At 200 ms the request has 20 tokens, and the 819 tokens of its context and one more are in memory."""
    made = instance([Request(0, 0.0, 800, 25)])
    _, seen = play(RequestMigration(), made, lambda obs: 1 if obs["event"] == "dispatch" else [])
    assert [obs["event"] for obs in seen] == ["dispatch", "migrate"]
    assert seen[1]["requests"] == [(0, 1, 819, 20)]
    assert seen[1] | {"requests": []} == {
        "event": "migrate",
        "now": 200.0,
        "prompt": 0,
        "capacity": 1000,
        "margin": 16,
        "free": [1000, 180, 1000],
        "running": [0, 1, 0],
        "waiting": [0, 0, 0],
        "waiting_tokens": [0, 0, 0],
        "head_tokens": [0, 0, 0],
        "requests": [],
        "moving": [],
    }


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ((None, []), "NoneType for an engine"),
        ((True, []), "bool for an engine"),
        ((3, []), "engine 3 does not exist"),
        ((-1, []), "engine -1 does not exist"),
        ((0, None), "not a list of pairs"),
        ((0, [3]), "pair"),
        ((0, [(0, 1, 2)]), "pair"),
        ((0, [(0.0, 1)]), "pair"),
        ((0, [(0, 9)]), "engine 9 does not exist"),
        ((0, [(7, 1)]), "request 7 does not decode"),
        ((0, [(0, 0)]), "on which it decodes"),
        ((0, [(0, 1), (0, 2)]), "migrated already"),
    ],
)
def test_illegal_answers_are_refused_with_the_reason(answers: tuple[Any, Any], why: str) -> None:
    made = instance([Request(0, 0.0, 760, 200)])
    with pytest.raises(Illegal, match=why):
        play(RequestMigration(), made, lambda obs: answers[obs["event"] == "migrate"])


def test_labels_of_engines_change_nothing() -> None:
    requests = [Request(i, 90.0 * i, 150, 60 + 40 * (i % 3)) for i in range(12)]
    made = instance(requests)
    again = Instance("another key, other labels", "by hand", made.data)
    assert play(RequestMigration(), made, by_memory)[0].metrics == pytest.approx(
        play(RequestMigration(), again, by_memory)[0].metrics
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 3000))
def test_the_future_does_not_change_the_past(seed: int, now: int) -> None:
    """What arrives after a time, and how long requests are that have not ended by then, is drawn anew."""
    rng = random.Random(seed)
    times = sorted(rng.uniform(0, 2000) for _ in range(24))
    requests = [Request(i, t, rng.randint(1, 400), rng.randint(1, 200)) for i, t in enumerate(times)]
    _, seen = play(RequestMigration(), instance(requests), by_memory)
    generated = {r[0]: r[3] for obs in seen if obs["now"] >= now for r in obs["requests"]}  # by some time after
    later = sorted(rng.uniform(now, 4000) for t in times if t > now)
    others = []
    for request in requests:
        if request.arrival > now:
            changed = Request(request.id, later.pop(0), rng.randint(1, 400), rng.randint(1, 200))
        elif request.id in generated:
            changed = replace(request, output=generated[request.id] + rng.randint(1, 300))
        else:
            changed = request
        others.append(changed)
    _, again = play(RequestMigration(), instance(others), by_memory)
    past = [obs for obs in seen if obs["now"] <= now]
    assert past == [obs for obs in again if obs["now"] <= now][: len(past)]
    assert len([obs for obs in again if obs["now"] <= now]) == len(past)


def test_gaps_to_the_digit() -> None:
    assert {name: round(gap(name), 2) for name in GOLDEN} == GOLDEN


def test_the_order_of_the_paper() -> None:
    """On every split, as measured: Llumnix, its dispatch alone, INFaaS++, the shortest queue, round robin."""
    order = ["llumnix", "freest", "least_memory", "join_shortest_queue", "round_robin"]
    for split in problem().splits:
        assert sorted(order, key=lambda name: gap(name, split)) == order


def test_the_ratios_of_the_specification() -> None:
    """16 engines, 8 requests a second: P99 of prefill is 161, 21.8 and 4.3 s there, for other draws."""
    load_ = {"engines": 16, "model": "llama-2-7b", "gpu": "a10", "lengths": "lomax-512", "loads": [[8.0, 1.0]]}
    [made] = RequestMigration().instances("specification", **load_, requests=2000, runs=1)
    rules = ("round_robin", "least_memory", "llumnix")
    outcomes = {name: play(RequestMigration(), made, rule(name))[0] for name in rules}
    assert outcomes["round_robin"].metrics["ttft_p99"] > 20 * outcomes["llumnix"].metrics["ttft_p99"]
    assert 2 * outcomes["llumnix"].cost < outcomes["least_memory"].cost < 10 * outcomes["llumnix"].cost
    assert outcomes["llumnix"].metrics["preemptions"] < 0.1 * outcomes["least_memory"].metrics["preemptions"]


def test_requests_of_one_instance_are_those_of_no_other() -> None:
    every = [i.data.requests for split in problem().splits for i in problem().instances(split)]
    assert len({tuple(requests) for requests in every}) == len(every)
    assert all(len(i.data.requests) >= 2000 for i in problem().instances("test"))


def test_lengths_are_a_power_law() -> None:
    """Mean 512 before they are cut at 6,144: with shape 2, median 212 and 6 % above 1,580."""
    every = [r for i in problem().instances("test") for r in i.data.requests]
    for lengths in (sorted(r.output for r in every), sorted(r.prompt for r in every)):
        assert lengths[len(lengths) // 2] == pytest.approx(212, rel=0.05)
        assert sum(length > 1580 for length in lengths) / len(lengths) == pytest.approx(0.06, rel=0.15)
        assert lengths[-1] == 6144


def test_nothing_is_asked_while_memory_is_plenty() -> None:
    """749 of 1000 tokens are in use at 200 ms, 769 at 400; all has ended at 600."""
    made = instance([Request(0, 0.0, 729, 60)])
    _, seen = play(RequestMigration(), made, lambda obs: 0 if obs["event"] == "dispatch" else [])
    assert [obs["now"] for obs in seen] == [0.0, 400.0]


def test_a_drawing_shows_the_memory_of_every_engine() -> None:
    made = problem().instances("train")[0]
    outcome, _ = play(problem().evaluator, made, rule("llumnix"))
    drawing = problem().evaluator.draw(made, outcome)
    assert drawing is not None
    assert [line.name for line in drawing.lines] == [f"engine {i}" for i in range(8)]
    assert sum(len(line.points) for line in drawing.lines) <= 3000
    assert drawing.limit == 13_616 >= max(level for line in drawing.lines for _, level in line.points)


def test_references_agree_with_the_stored_ones() -> None:
    assert disagreements(problem()) == []
