"""The serving engine: by hand, against a slow engine that steps every iteration, and what it conserves."""

from __future__ import annotations

import random
from itertools import pairwise
from math import inf

import numpy as np
import pytest
import stepped_engine
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_support import PLAIN
from stepped_engine import Choice, View

from evaluators.protocol import EvaluatorBug, Illegal
from evaluators.serving.costs import FITTED, Costs, costs
from evaluators.serving.engine import Engine
from evaluators.serving.gaps import Gaps
from evaluators.serving.measures import tail_mean
from evaluators.serving.requests import Request


def test_costs_by_hand() -> None:
    """3 sequences with 600 tokens and a chunk of 97 after 50: 100 tokens, 4 sequences."""
    c = costs("llama-3-8b", "a100")
    expected = 2 + (5.3 + 6.74) + 3.495e-6 * 97 * (50 + 48.5) + 9.183e-5 * 650 + 0.08
    assert c.iteration(3, 600, [(97, 50)]) == pytest.approx(expected, rel=1e-4)
    assert c.iteration(1, 0) == pytest.approx(2 + 10.5 + 0.02)
    assert c.capacity == pytest.approx(404_000, rel=0.01)


def test_costs_of_every_profile_are_known_and_others_are_refused() -> None:
    assert all(costs(*name).capacity > 10_000 for name in FITTED)
    with pytest.raises(ValueError, match="no profile of llama-2-70b on 1 a10"):
        costs("llama-2-70b", "a10")


def test_one_request_by_hand() -> None:
    """A prompt of 15 in chunks of 5 and 10: 11 ms each; then three tokens of 11 ms."""
    engine = Engine(PLAIN)
    s = engine.receive(Request(0, 100.0, 15, 4))
    assert engine.advance(inf)
    engine.admit(s)
    engine.start([(s, 5)])
    assert engine.advance(inf)
    assert (s.prefilled, s.left, engine.now, engine.next_event()) == (5, 10, 111.0, inf)
    engine.start([(s, 10)])
    for time in (140.0, 125.0):  # to go back changes nothing
        assert not engine.advance(time)
        assert (s.generated, s.context, engine.kv.used) == (2, 16, 17)  # an iteration is under way
    assert engine.next_event() == 155.0
    assert not engine.advance(inf)
    assert s.token_times() == [122.0, 133.0, 144.0, 155.0]
    assert (s.admitted, s.first_token, s.finished, engine.kv.used) == (100.0, 122.0, 155.0, 0)
    assert engine.next_event() == inf


def test_an_arrival_is_seen_at_the_end_of_the_iteration_under_way() -> None:
    engine = Engine(PLAIN)
    first = engine.receive(Request(0, 0.0, 5, 50))
    assert engine.advance(inf)
    engine.admit(first)
    engine.start([(first, 5)])
    assert not engine.advance(30.0)
    second = engine.receive(Request(1, 30.0, 5, 1))
    assert engine.advance(inf)
    assert (engine.now, first.generated, engine.waiting) == (33.0, 3, [second])
    engine.admit(second)
    engine.start([(second, 5)], decodes=False)  # the first one's tokens wait for 11 ms
    assert not engine.advance(inf)
    assert second.finished == 44.0
    assert first.token_times()[2:5] == [33.0, 55.0, 66.0]
    assert engine.gaps.quantile(1.0) == 22.0
    assert (len(engine.gaps), engine.gaps.quantile(0.5), engine.gaps.tail_mean(0.99)) == (49, 11.0, 22.0)


def test_memory_that_runs_out_asks_for_a_decision() -> None:
    """Two prompts of 40 leave 20 tokens: ten iterations; then the later arrival goes and comes back."""
    engine = Engine(PLAIN)
    one, two = (engine.receive(Request(i, 0.0, 40, 15)) for i in range(2))
    for s in (one, two):
        assert engine.advance(inf)
        engine.admit(s)
        engine.start([(s, 40)], decodes=False)
    assert engine.advance(inf)
    assert (engine.kv.room, engine.count, engine.waiting) == (0, 10, [])
    with pytest.raises(Illegal, match="room for 0 tokens"):
        engine.decode()
    engine.make_room()
    assert (engine.waiting, two.target, two.preemptions, two.generated) == ([two], 51, 1, 11)
    engine.decode()
    assert engine.advance(inf)  # one is over
    assert one.finished == engine.now
    engine.admit(two)
    engine.start([(two, 51)])
    assert not engine.advance(inf)
    assert len(two.token_times()) == 15
    assert engine.gaps.quantile(1.0) == pytest.approx(4 * 11 + 52)
    assert (engine.kv.used, engine.context, engine.decoding) == (0, 0, {})


def test_a_sequence_that_moves_goes_on_where_it_was() -> None:
    here, there = Engine(PLAIN), Engine(PLAIN)
    s = here.receive(Request(0, 0.0, 10, 6))
    assert here.advance(inf)
    here.admit(s)
    here.start([(s, 10)])
    assert not here.advance(25.0)
    here.interrupt()
    assert here.advance(34.0)
    here.remove(s)
    assert (here.kv.used, here.decoding, here.context, s.generated) == (0, {}, 0, 3)
    there.insert(s, at=50.0)
    assert (there.kv.used, there.context) == (12, 12)
    there.delay(5.0)
    assert not there.advance(inf)
    assert s.token_times() == [11.0, 22.0, 33.0, 66.0, 77.0, 88.0]
    assert (s.finished, there.kv.used) == (88.0, 0)


def test_prefill_and_decode_on_two_engines_with_one_memory() -> None:
    """As on split processors: the prefilled sequence is handed over at no cost."""
    prefill = Engine(PLAIN, prefill_only=True)
    decode = Engine(PLAIN, kv=prefill.kv)
    s = prefill.receive(Request(0, 0.0, 30, 3))
    assert prefill.advance(inf)
    prefill.admit(s)
    prefill.start([(s, 30)])
    assert prefill.advance(inf)
    assert prefill.prefilled == [s]
    prefill.remove(s)
    decode.insert(s, at=prefill.now)
    assert not prefill.advance(inf)
    assert not decode.advance(inf)
    assert s.token_times() == [31.0, 42.0, 53.0]
    assert prefill.kv.used == 0


def test_layer_groups() -> None:
    """A prompt of 30 in three groups of layers, 14 ms each: what decodes goes on, the first token is at the end."""
    engine = Engine(PLAIN)
    other = engine.receive(Request(0, 0.0, 1, 10))
    assert engine.advance(inf)
    engine.admit(other)
    engine.start([(other, 1)])
    assert not engine.advance(11.0)
    s = engine.receive(Request(1, 11.0, 30, 1))
    for group in range(3):
        assert engine.advance(inf)
        if not group:
            engine.admit(s)
        engine.start([(s, 30)] if group == 2 else [], ms=14.0)
    assert not engine.advance(inf)
    assert other.token_times()[:5] == [11.0, 25.0, 39.0, 53.0, 64.0]
    assert s.first_token == s.finished == 53.0


def test_what_is_against_the_rules_is_refused() -> None:
    engine = Engine(PLAIN)
    s, big = engine.receive(Request(0, 0.0, 10, 3)), engine.receive(Request(1, 0.0, 91, 3))
    assert engine.advance(inf)
    with pytest.raises(Illegal, match="not being prefilled"):
        engine.start([(s, 1)])
    engine.admit(s)
    with pytest.raises(Illegal, match="no room for a prompt of 91"):
        engine.admit(big)
    for tokens in (-1, 0, 11):
        with pytest.raises(Illegal, match=f"a chunk of {tokens} tokens"):
            engine.start([(s, tokens)])
    with pytest.raises(Illegal, match="twice"):
        engine.start([(s, 1), (s, 1)])
    with pytest.raises(Illegal, match="does nothing"):
        engine.start([])
    with pytest.raises(Illegal, match="nothing runs"):
        engine.decode()
    engine.start([(s, 10)])
    with pytest.raises(EvaluatorBug, match="under way"):
        engine.start([(s, 1)])
    with pytest.raises(EvaluatorBug, match="call `advance`"):
        engine.receive(Request(2, 50.0, 1, 1))


# Against the slow engine


def random_policy(seed: int, calm: float) -> stepped_engine.Policy:
    """A legal policy whose choices follow from what waits, prefills and decodes: asked again while none of it changes,
    it says the same. `calm` is how often it prefills nothing although it could."""

    def choose(view: View) -> Choice:
        rng = random.Random(f"{seed}|{view.waiting}|{view.prefilling}|{view.decoding}")
        room = view.room
        decoding = list(view.decoding)
        if room < len(decoding):
            many = -(-(len(decoding) - room) // 2)  # each frees a token at least, and needs one less
            left = many < len(decoding)
            first = [] if left else [view.prefilling[0]]
            return Choice(tuple(rng.sample(decoding, many)), chunks=tuple(first), decodes=left)
        quiet = bool(decoding) and rng.random() < calm
        decodes = bool(decoding) and (quiet or rng.random() < 0.6)
        room -= len(decoding)
        admit, prompts = [], list(view.prefilling)
        for number, tokens in view.waiting:
            if tokens <= room and not quiet and rng.random() < 0.7:
                admit.append(number)
                prompts.append((number, tokens))
                room -= tokens
        if not prompts and not decoding:
            number, tokens = view.waiting[0]
            admit, prompts = [number], [(number, tokens)]
        chosen = [] if quiet else [p for p in prompts if rng.random() < 0.6] or ([] if decodes else prompts[:1])
        chunks = tuple((number, rng.randint(1, left)) for number, left in chosen)
        return Choice((), tuple(admit), chunks, decodes or not chunks)

    return choose


def play_fast(c: Costs, capacity: int, todo: list[Request], policy: stepped_engine.Policy) -> Engine:
    engine = Engine(Costs(**{**vars(c), "capacity": capacity}))
    for request in (*todo, None):
        until = request.arrival if request else inf
        while engine.advance(until):
            by_id = {s.request.id: s for s in (*engine.waiting, *engine.prefilling.values(), *engine.decoding.values())}
            choice = policy(
                View(
                    tuple((s.request.id, s.left) for s in engine.waiting),
                    tuple((s.request.id, s.left) for s in engine.prefilling.values()),
                    tuple(sorted(engine.decoding)),
                    engine.kv.room,
                )
            )
            for number in choice.preempt:
                engine.preempt(by_id[number])
            for number in choice.admit:
                engine.admit(by_id[number])
            chunks = [(by_id[number], tokens) for number, tokens in choice.chunks]
            if chunks:
                engine.start(chunks, choice.decodes)
            elif choice.preempt or choice.admit:
                engine.start([])
            else:
                engine.decode()
            assert 0 <= engine.kv.used <= capacity
        if request:
            engine.receive(request)
    return engine


workloads = st.lists(st.tuples(st.floats(0, 400), st.integers(1, 60), st.integers(1, 40)), min_size=1, max_size=14).map(
    lambda rows: [Request(i, a, p, o) for i, (a, p, o) in enumerate(sorted(rows))]
)
constants = st.builds(
    Costs,
    t0=st.floats(0.1, 3),
    w=st.floats(1, 12),
    l0=st.floats(0, 6),
    l1=st.floats(0.01, 1),
    attention=st.floats(0, 1e-2),
    kv=st.one_of(st.just(0.0), st.floats(1e-4, 0.1)),
    sequence=st.floats(0, 0.2),
    kv_bytes=st.just(1),
    capacity=st.just(0),
)


@settings(max_examples=100, deadline=None)
@given(constants, workloads, st.integers(100, 300), st.integers(0, 1000), st.sampled_from([0.0, 0.5, 0.9]))
def test_agrees_with_the_slow_engine(c: Costs, todo: list[Request], capacity: int, seed: int, calm: float) -> None:
    policy = random_policy(seed, calm)
    slow = stepped_engine.play(c, capacity, todo, policy)
    fast = play_fast(c, capacity, todo, policy)
    assert {s.request.id for s in fast.finished} == set(slow.stamps) == {r.id for r in todo}
    assert len(fast.finished) == len(todo)
    assert fast.iterations == slow.iterations
    gaps = []
    for s in fast.finished:
        times = s.token_times()
        assert times == pytest.approx(slow.stamps[s.request.id], rel=1e-9, abs=1e-9)
        assert s.admitted == pytest.approx(slow.admitted[s.request.id], rel=1e-9)
        assert len(times) == s.request.output
        assert s.request.arrival <= s.admitted < times[0] == s.first_token
        assert times[-1] == pytest.approx(s.finished)
        assert all(a < b for a, b in pairwise(times))
        gaps += [b - a for a, b in pairwise(slow.stamps[s.request.id])]
    assert (fast.kv.used, fast.context, fast.decoding, fast.prefilling, fast.waiting) == (0, 0, {}, {}, [])
    assert len(fast.gaps) == len(gaps)
    if gaps:
        assert fast.gaps.mean() == pytest.approx(np.mean(gaps), rel=1e-6)
        for share in (0.0, 0.5, 0.99, 1.0):
            exact = np.quantile(gaps, share, method="inverted_cdf")
            assert fast.gaps.quantile(share) == pytest.approx(exact, rel=1e-6, abs=1e-6)
            assert fast.gaps.tail_mean(share) == pytest.approx(tail_mean(gaps, share), rel=1e-6, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 3), st.integers(1, 9), st.integers(1, 5)), max_size=8))
def test_quantiles_of_runs_are_those_of_their_gaps(runs: list[tuple[float, float, int, int]]) -> None:
    gaps, each = Gaps(), []
    for first, step, length, times in runs:
        gaps.add(first, times, step, length)
        each += [first + step * k for k in range(length)] * times
    assert len(gaps) == len(each)
    for share in (0.0, 0.3, 0.9, 0.99, 1.0):
        exact = np.quantile(each, share, method="inverted_cdf") if each else 0.0
        assert gaps.quantile(share) == pytest.approx(exact, rel=1e-9, abs=1e-9)
        assert gaps.tail_mean(share) == pytest.approx(tail_mean(each, share) if each else 0.0, rel=1e-9, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(workloads, st.lists(st.floats(0, 3000), max_size=30))
def test_looking_at_an_engine_changes_nothing(todo: list[Request], looks: list[float]) -> None:
    """As a cluster does, which advances every engine to every event of any other."""

    def play(looks: list[float]) -> list[list[float]]:
        engine = Engine(Costs(1, 10, 3, 0.4, 1e-3, 0.013, 0.02, 1, 150))
        events = sorted([(time, -1, None) for time in looks] + [(r.arrival, r.id, r) for r in todo])
        for time, _, request in (*events, (inf, 0, None)):
            while engine.advance(time):
                engine.make_room()
                if engine.waiting and engine.fits(engine.waiting[0]) and not engine.prefilling:
                    engine.admit(engine.waiting[0])
                chunks = [(s, min(s.left, 20)) for s in engine.prefilling.values()]
                if chunks:
                    engine.start(chunks)
                else:
                    engine.decode()
            if request:
                engine.receive(request)
            else:
                assert engine.next_event() >= time
        return [s.token_times() for s in sorted(engine.finished, key=lambda s: s.request.id)]

    for a, b in zip(play([]), play(looks), strict=True):
        assert a == pytest.approx(b, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(workloads)
def test_several_engines_step_from_event_to_event(todo: list[Request]) -> None:
    """Dealt to three engines in turn, requests end when they would if each engine were alone."""
    c = Costs(1, 10, 3, 0.4, 1e-3, 0.013, 0.02, 1, 150)

    def decide(engine: Engine) -> None:
        engine.make_room()
        while engine.waiting and engine.fits(engine.waiting[0]):
            engine.admit(engine.waiting[0])
        chunks = [(s, min(s.left, 20)) for s in engine.prefilling.values()]
        if chunks:
            engine.start(chunks)
        else:
            engine.decode()

    cluster, alone = [Engine(c) for _ in range(3)], [Engine(c) for _ in range(3)]
    arrivals = list(enumerate(todo))
    while True:
        time = min(arrivals[0][1].arrival if arrivals else inf, *(engine.next_event() for engine in cluster))
        if time == inf:
            break
        for engine in cluster:
            while engine.advance(time):  # memory ran out before
                decide(engine)
        while arrivals and arrivals[0][1].arrival <= time:
            k, request = arrivals.pop(0)
            cluster[k % 3].receive(request)
        for engine in cluster:
            while engine.due():
                decide(engine)
    for k, engine in enumerate(alone):
        for request in (*todo[k::3], None):
            while engine.advance(request.arrival if request else inf):
                decide(engine)
            if request:
                engine.receive(request)
        assert len(engine.finished) == len(todo[k::3])
        assert [s.request.id for s in engine.finished] == [s.request.id for s in cluster[k].finished]
        for a, b in zip(engine.finished, cluster[k].finished, strict=True):
            assert a.token_times() == pytest.approx(b.token_times(), rel=1e-9)
