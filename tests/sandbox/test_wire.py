"""The wire format: what one end writes the other reads, and nothing that arrives can hurt."""

from __future__ import annotations

import contextlib
import socket
import threading
import tracemalloc
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from sandbox import wire, worker

INTEGERS = st.integers(-(2**63), 2**63 - 1)
NUMBERS = st.one_of(INTEGERS, st.floats(allow_nan=False))
ARRAYS = stn.arrays(
    st.sampled_from([np.dtype(name) for name in sorted(wire.DTYPES)]),
    stn.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXT, st.binary(max_size=40), ARRAYS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=12),
        st.lists(INTEGERS, max_size=20),
        st.lists(st.floats(allow_nan=False), max_size=20),
        st.dictionaries(st.one_of(TEXT, INTEGERS), inner, max_size=5),
    ),
    max_leaves=20,
)


def same(one: Any, other: Any) -> bool:
    """Equal in value and in type, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


@given(PLAIN)
def test_answers_arrive_as_they_were(value: Any) -> None:
    assert same(wire.decode(worker.pack(value)), value)


@given(PLAIN)
def test_questions_arrive_as_they_were(value: Any) -> None:
    assert same(worker.unpack(wire.encode(value)), value)


@given(st.binary(max_size=300))
@settings(max_examples=500)
def test_random_bytes_are_a_value_or_an_error(data: bytes) -> None:
    with contextlib.suppress(wire.WireError):
        wire.decode(data)


@given(PLAIN, st.data())
@settings(max_examples=300)
def test_damaged_messages_are_a_value_or_an_error(value: Any, data: st.DataObject) -> None:
    message = bytearray(worker.pack(value))
    for _ in range(data.draw(st.integers(1, 3))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(wire.WireError):
        wire.decode(bytes(message))


def array_of(dtype: Any, shape: Any, body: Any, code: int = worker.ARRAY) -> bytes:
    return bytes(msgpack.packb(msgpack.ExtType(code, msgpack.packb([dtype, shape, body]))))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x00\x00",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
        b"\xdd\x00\x10\x00\x00" * 10_000,
        b"\x91" * 40 + b"\x00",
        b"\x81\x91\x00\x00",
        b"\xa1\xff",
        array_of("|O", [1], bytes(8)),
        array_of("<M8[ns]", [1], bytes(8)),
        array_of("<f16", [1], bytes(16)),
        array_of(">f8", [1], bytes(8)),
        array_of("<f8,<f8", [1], bytes(16)),
        array_of("<f8", [2], bytes(8)),
        array_of("<f8", [-1], bytes(8)),
        array_of("<f8", [2**62, 4], bytes(8)),
        array_of("<f8", [1] * 40, bytes(8)),
        array_of("<f8", [True], bytes(8)),
        array_of("<f8", 1, bytes(8)),
        array_of("<f8", [1], "x" * 8),
        array_of("<f8", [1], bytes(8), code=5),
        bytes(msgpack.packb(msgpack.ExtType(worker.NUMBERS, b"O" + bytes(8)))),
        bytes(msgpack.packb(msgpack.ExtType(worker.NUMBERS, b"q" + bytes(7)))),
        bytes(msgpack.packb(msgpack.Timestamp(1))),
        b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system\x94\x93\x94.",
    ],
)
def test_refused(data: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.decode(data)


def test_claims_are_checked_before_memory_is_taken() -> None:
    bombs = [b"\xdd\x00\xff\xff\xff" * 30, b"\xdf\x00\xff\xff\xff" * 30, b"\x81\xa1x" * 30 + b"\xdd\x7f\xff\xff\xff"]
    bombs.append(array_of("<f8", [2**20, 2**20], bytes(8)))
    tracemalloc.start()
    for bomb in bombs:
        with pytest.raises(wire.WireError):
            wire.decode(bomb)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_a_bool_array_holds_nothing_but_bools() -> None:
    found = wire.decode(array_of("|b1", [3], b"\x00\x02\xff"))
    assert found.tobytes() == b"\x00\x01\x01"


@pytest.mark.parametrize("value", [object(), {1, 2}, 2**64, [2**63] * 9, np.array(["x"]), np.array([1j])])
def test_the_host_does_not_send_everything(value: Any) -> None:
    with pytest.raises(wire.WireError):
        wire.encode(value)


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, 2**64, [2**63] * 9, np.array([object()]), np.longdouble(1) * np.ones(2)]
)
def test_the_worker_does_not_send_everything(value: Any) -> None:
    with pytest.raises(TypeError):
        worker.pack(value)


def test_numpy_scalars_become_numbers() -> None:
    assert same(wire.decode(worker.pack([np.float64(1.5), np.int32(2), np.bool_(True)])), [1.5, 2, True])
    assert same(worker.unpack(wire.encode([np.float64(1.5), np.int32(2), np.bool_(True)])), [1.5, 2, True])


@pytest.mark.parametrize("size", [0, 10, 70_000, 3_000_000])
def test_frames_of_every_size_cross_a_socket(size: int) -> None:
    here, there = socket.socketpair()
    with here, there:
        echo = threading.Thread(target=lambda: worker.send(there, worker.receive(there)))
        echo.start()
        wire.send(here, {"x": bytes(size)}, 5.0)
        assert wire.receive(here, 5.0) == {"x": bytes(size)}
        echo.join()


@pytest.mark.parametrize(
    ("sent", "error"),
    [(b"", EOFError), (b"\x00\x00", EOFError), (b"\x00\x00\x00\x09x", EOFError), (b"\xff" * 4, wire.WireError),
     (b"\x00\x00\x00\x01\x00\x00", wire.WireError)],
)  # fmt: skip
def test_bad_frames(sent: bytes, error: type[Exception]) -> None:
    here, there = socket.socketpair()
    with here:
        there.sendall(sent)
        there.close()
        with pytest.raises(error):
            wire.receive(here, 1.0)


def test_waiting_ends_with_the_time() -> None:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(b"\x00\x00\x00\x09x")
        with pytest.raises(TimeoutError):
            wire.receive(here, 0.05)
