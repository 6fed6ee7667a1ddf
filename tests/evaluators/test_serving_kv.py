"""The serving engine's prefix cache and its pins."""

from __future__ import annotations

import random
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st
from serving_support import PLAIN, prefill_all

from evaluators.serving.engine import Engine
from evaluators.serving.requests import Request, Segment


def test_a_shared_prefix_is_computed_once() -> None:
    engine = Engine(PLAIN)
    shared = (Segment("system", 20),)
    first = engine.receive(Request(0, 0.0, 30, 2, shared))
    prefill_all(engine)
    assert (first.hit, engine.kv.used, engine.kv.evictable, engine.kv.room) == (0, 20, 20, 100)
    second = engine.receive(Request(1, 200.0, 25, 2, shared))
    prefill_all(engine)
    assert second.hit == 20
    assert second.first_token == 211.0
    assert (engine.kv.used, engine.kv.evictable) == (20, 20)


def test_a_conversation_finds_its_last_turn_unless_memory_was_needed() -> None:
    engine = Engine(PLAIN)
    engine.receive(Request(0, 0.0, 30, 5, keep="turn 1"))
    prefill_all(engine)
    assert (engine.kv.used, engine.kv.evictable) == (34, 34)
    turn = (Segment("turn 1", 34),)
    assert engine.kv.hit(turn) == 34
    engine.receive(Request(1, 300.0, 80, 1))
    prefill_all(engine)
    assert engine.kv.hit(turn) == 20  # its end was evicted
    third = engine.receive(Request(2, 600.0, 50, 1, turn, keep="turn 2"))
    prefill_all(engine)
    assert third.hit == 20
    assert engine.kv.hit((*turn, Segment("turn 2", 16))) == 50


def test_a_pin_holds_a_turn_until_it_expires() -> None:
    engine = Engine(PLAIN)
    engine.receive(Request(0, 0.0, 30, 5, keep="turn"))
    prefill_all(engine)
    engine.kv.pin("turn", 1000.0)
    assert (engine.kv.room, engine.kv.next_expiry()) == (66, 1000.0)
    big = engine.receive(Request(1, 300.0, 80, 1))
    assert engine.advance(inf)
    assert not engine.fits(big)
    engine.kv.pin("turn", 2000.0)
    engine.kv.expire(1999.0)
    assert engine.kv.room == 66
    engine.kv.expire(2000.0)
    assert (engine.kv.room, engine.kv.next_expiry()) == (100, inf)
    engine.wait(2000.0)
    prefill_all(engine)
    assert big.first_token == 2081.0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_the_prefix_cache_keeps_its_books(seed: int) -> None:
    """Random trees of prefixes, kept turns, pins, preemptions: memory never overflows, and is all free at the end."""
    rng = random.Random(seed)
    engine = Engine(PLAIN)
    nodes: dict[str, tuple[Segment, ...]] = {"": ()}
    todo = []
    for i in range(15):
        path = nodes[rng.choice(sorted(nodes))]
        if rng.random() < 0.5 and sum(s.tokens for s in path) < 40:
            path = nodes[f"n{i}"] = (*path, Segment(f"n{i}", rng.randint(1, 15)))
        prompt = sum(s.tokens for s in path) + rng.randint(1, 20)
        keep = f"k{i}" if rng.random() < 0.4 else None
        todo.append(Request(i, rng.uniform(0, 900), prompt, rng.randint(1, 15), path, keep))
    for request in (*sorted(todo, key=lambda r: r.arrival), None):
        until = request.arrival if request else inf
        while engine.advance(until):
            engine.kv.expire(engine.now)
            engine.make_room()
            if engine.decoding and rng.random() < 0.1:
                engine.preempt(rng.choice(list(engine.decoding.values())))
            for s in [s for s in engine.waiting if engine.fits(s)][:1]:
                engine.admit(s)
            if not (engine.prefilling or engine.decoding):
                engine.kv.expire(inf)
                continue
            chunks = [(s, rng.randint(1, s.left)) for s in engine.prefilling.values()]
            engine.start(chunks)
            if rng.random() < 0.3:
                engine.kv.pin(f"k{rng.randrange(15)}", engine.now + rng.uniform(0, 200))
            assert 0 <= engine.kv.evictable <= engine.kv.used <= engine.kv.capacity
        if request:
            engine.receive(request)
    engine.kv.expire(inf)
    assert len(engine.finished) == 15
    assert engine.kv.used == engine.kv.evictable
    engine.kv.take(100)
    assert (engine.kv.used, engine.kv.evictable) == (100, 0)
