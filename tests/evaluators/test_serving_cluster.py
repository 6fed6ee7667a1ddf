"""Clusters of engines: cases computed by hand, and conservation under random policies."""

from __future__ import annotations

import random
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.protocol import Illegal
from evaluators.serving.cluster import Cluster, mixed
from evaluators.serving.costs import Costs
from evaluators.serving.engine import Engine
from evaluators.serving.links import Links
from evaluators.serving.requests import Request

# Every iteration takes 10 ms; a token of KV cache is 1000 bytes.
TEN = Costs(t0=10, w=0, l0=0, l1=0, attention=0, kv=0, sequence=0, kv_bytes=1000, capacity=1000)


def cluster(engines: int = 2, bandwidth: float = 1000.0, prefill_only: bool = False) -> Cluster:
    return Cluster([Engine(TEN, prefill_only=prefill_only) for _ in range(engines)], Links(bandwidth))


def test_transfers_share_the_more_crowded_port() -> None:
    links = Links(10.0)
    for source, destination, size in ((0, 1, 100), (0, 2, 100), (3, 2, 100)):
        links.start(source, destination, size, about=(source, destination))
    assert links.next_event() == 20.0
    assert [t.about for t in links.advance(20.0)] == [(0, 1), (0, 2), (3, 2)]
    assert links.moved == 300


def test_a_transfer_alone_has_all_of_its_port_again() -> None:
    links = Links(10.0)
    links.start(0, 1, 100, about="long")
    links.start(0, 2, 20, about="short")
    assert links.next_event() == 4.0
    assert [t.about for t in links.advance(4.0)] == ["short"]
    assert links.next_event() == 12.0
    links.start(5, 6, 10, delay=3.0, about="late")
    assert links.next_event() == 7.0
    assert links.advance(7.0) == []
    assert [t.about for t in links.advance(links.next_event())] == ["late"]
    assert links.now == 8.0


def test_a_migration_by_hand() -> None:
    """Ten tokens by 100 ms, 109 of context: copied by 209. The iteration ends at 210; 11 more tokens and the handover
    take until 241, when the 22nd token's iteration begins."""
    both = cluster()
    sequence = both.dispatch(Request(0, 0.0, 100, 50), 0)
    both.run(100.0)
    both.migrate(0, 1)
    source, destination = both.engines
    assert (source.kv.used, destination.kv.used) == (110, 125)  # the iteration under way has taken its token
    both.run(230.0)
    assert (source.kv.used, destination.kv.used) == (120, 120)  # kept at the source until it goes on
    assert not source.decoding
    both.run(inf)
    assert sequence.token_times() == pytest.approx([*range(10, 211, 10), *range(251, 532, 10)])
    assert (source.kv.used, destination.kv.used, both.migrated, both.aborted, both.moves) == (0, 0, 1, 0, {})
    assert both.links.moved == 120_000
    assert destination.finished == [sequence]


def test_a_migration_is_off_when_the_request_ends_before() -> None:
    both = cluster()
    sequence = both.dispatch(Request(0, 0.0, 100, 12), 0)
    both.run(100.0)
    both.migrate(0, 1)
    both.run(200.0)
    assert sequence.finished == 120.0
    assert both.engines[1].kv.used == 125
    both.run(300.0)
    assert both.engines[1].kv.used == 0
    assert (both.migrated, both.aborted, both.moves) == (0, 1, {})


def test_a_reservation_delays_who_arrives_and_gives_way_in_the_end() -> None:
    """900 tokens do not fit beside 125 reserved ones; when the migration is off, at 209 ms, they do."""
    both = cluster()
    both.dispatch(Request(0, 0.0, 100, 12), 0)
    both.run(100.0)
    both.migrate(0, 1)
    late = both.dispatch(Request(1, 100.0, 900, 2), 1)
    both.run(inf)
    assert late.first_token == pytest.approx(219.0)


def test_refused_migrations_say_why() -> None:
    both = cluster()
    both.dispatch(Request(0, 0.0, 500, 50), 0)
    both.dispatch(Request(1, 0.0, 600, 50), 1)
    both.run(5.0)
    with pytest.raises(Illegal, match="request 0 does not decode anywhere"):
        both.migrate(0, 1)
    both.run(50.0)
    with pytest.raises(Illegal, match="needs 520 tokens of memory at its destination, where 39"):
        both.migrate(0, 1)
    with pytest.raises(Illegal, match="on which it decodes"):
        both.migrate(0, 0)
    third = cluster(3)
    third.dispatch(Request(0, 0.0, 100, 50), 0)
    third.run(50.0)
    third.migrate(0, 1)
    with pytest.raises(Illegal, match="being migrated already"):
        third.migrate(0, 2)


def test_prefill_here_and_decode_there() -> None:
    """The prompt is done at 10 ms, sent by 110; the second request's waits for the port's other half."""
    both = cluster(prefill_only=True)
    first = both.dispatch(Request(0, 0.0, 100, 3), 0, decode_at=1)
    both.run(50.0)
    assert (both.engines[0].kv.used, both.engines[1].kv.used) == (100, 100)
    here = both.dispatch(Request(1, 50.0, 50, 3), 0)
    both.run(inf)
    assert first.token_times() == pytest.approx([10.0, 120.0, 130.0])
    assert here.token_times() == pytest.approx([60.0, 70.0, 80.0])
    assert [engine.kv.used for engine in both.engines] == [0, 0]
    assert [len(engine.finished) for engine in both.engines] == [1, 1]


def test_what_is_prefilled_waits_for_room_where_it_decodes() -> None:
    """950 of 1000 tokens are taken there until 30 ms, when the request ends: the transfer takes from 30 to 130 ms."""
    both = cluster(prefill_only=True)
    both.dispatch(Request(0, 0.0, 950, 3), 1)
    second = both.dispatch(Request(1, 0.0, 100, 2), 0, decode_at=1)
    both.run(inf)
    assert second.token_times() == pytest.approx([10.0, 140.0])


def test_engines_that_wait_for_each_other_are_refused() -> None:
    both = cluster(prefill_only=True)
    both.dispatch(Request(0, 0.0, 600, 3), 0, decode_at=1)
    both.dispatch(Request(1, 0.0, 600, 3), 1, decode_at=0)
    with pytest.raises(Illegal, match="wait for memory of each other"):
        both.run(inf)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 4),
    st.booleans(),
    st.lists(st.tuples(st.floats(0, 300), st.integers(1, 600), st.integers(1, 120)), min_size=1, max_size=12),
)
def test_nothing_is_lost_or_made(seed: int, engines: int, phases: bool, given_: list[tuple[float, int, int]]) -> None:
    """Random legal policies: every request ends once with all of its tokens, in order, memory is within capacity at all
    times and free in the end, and links carry what was copied, within their bandwidth."""
    rng = random.Random(seed)
    costs = Costs(t0=3, w=5, l0=2, l1=0.05, attention=1e-5, kv=1e-3, sequence=0.02, kv_bytes=1000, capacity=1000)
    machines = [Engine(costs, prefill_only=phases) for _ in range(engines)]
    made = Cluster(machines, Links(300.0), mixed) if phases else Cluster(machines, Links(300.0))
    requests = [Request(i, *each) for i, each in enumerate(sorted(given_))]
    todo, tick, sequences = list(requests), 20.0, []
    while todo or made.busy:
        time = min(todo[0].arrival if todo else inf, tick)
        made.run(time)
        assert all(0 <= engine.kv.used <= engine.kv.capacity for engine in machines)
        if todo and todo[0].arrival == time:
            prompt, decode = (0, engines - 1) if phases else (rng.randrange(engines),) * 2
            sequences.append(made.dispatch(todo.pop(0), prompt, decode))
            continue
        tick += 20.0
        for engine in machines if not phases else []:
            for number in list(engine.decoding):
                if rng.random() < 0.3:
                    try:
                        made.migrate(number, rng.randrange(engines))
                    except Illegal:
                        continue
    while len(made.links):  # copies of what has ended
        made.run(made.links.next_event())
    assert made.links.moved <= 300.0 * made.now * engines + 1e-6
    assert sorted(s.request.id for s in made.finished) == [r.id for r in requests]
    for sequence in sequences:
        times = sequence.token_times()
        assert len(times) == sequence.request.output
        assert times == sorted(times)
        assert times[-1] == sequence.finished
        assert times[0] >= sequence.request.arrival
    assert [engine.kv.used for engine in machines] == [0] * engines
    assert len(made.links) == 0 == len(made.moves)
