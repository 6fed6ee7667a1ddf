"""The trusted end of the wire: MessagePack in frames of a four-byte length, with every size checked before it counts.

What a sandbox sends is hostile until shown otherwise. `decode` walks the bytes once before it builds anything: a
container may not claim more items than bytes are left, nesting ends at `MAX_DEPTH`, and the only extensions are numpy
arrays of plain numbers and lists of numbers, whose lengths have to add up to the byte.
"""

from __future__ import annotations

import math
import socket
import struct
import threading
import time
from array import array
from collections.abc import Callable, Mapping
from typing import Any

import msgpack
import numpy as np

from sandbox.worker import ARRAY, MANY, MAX_DEPTH, MAX_FRAME, NUMBERS, ROW

MAX_DIMENSIONS = 16
DTYPES = frozenset({"|b1", "|i1", "|u1", *(f"<{k}{n}" for k in "iu" for n in (2, 4, 8)), "<f2", "<f4", "<f8"})
_CODES = {int: "q", float: "d"}
_local = threading.local()


class WireError(ValueError):
    """What arrived is not a message, or what should be sent cannot be."""


def encode(value: Any) -> bytes:
    """Encode None, bools, numbers, strings, bytes, lists, tuples, dicts and numpy arrays. Raises WireError."""
    try:
        data: bytes = _packer().pack(_prepare(value, 0))
    except (TypeError, ValueError, OverflowError) as error:
        _packer().reset()
        raise WireError(f"cannot be sent: {error}") from None
    if len(data) > MAX_FRAME:
        raise WireError(f"a message of {len(data)} bytes is longer than {MAX_FRAME}")
    return data


def _packer() -> Any:
    """This thread's packer: making one costs more than most messages."""
    if not hasattr(_local, "packer"):
        _local.packer = msgpack.Packer(default=_default, use_bin_type=True)
    return _local.packer


def _prepare(value: Any, depth: int) -> Any:
    """Turn long lists of one kind of number into an extension that the other side decodes at once."""
    if depth > MAX_DEPTH:
        raise WireError(f"nested deeper than {MAX_DEPTH} levels")
    kind = type(value)
    if kind is dict or (kind is not list and isinstance(value, Mapping)):
        return {key: _prepare(item, depth + 1) for key, item in value.items()}
    if kind is not list and kind is not tuple:
        return value
    kinds = set(map(type, value))
    if len(kinds) == 1 and len(value) >= MANY and (code := _CODES.get(next(iter(kinds)))):
        try:
            return msgpack.ExtType(NUMBERS, code.encode() + array(code, value).tobytes())
        except OverflowError:
            raise WireError("cannot be sent: an integer does not fit into 64 bits") from None
    if kinds & {list, tuple, dict}:
        return [_prepare(item, depth + 1) for item in value]
    return value


def _default(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype.str not in DTYPES:
            raise TypeError(f"an array of {value.dtype}")
        if value.ndim == 1 and value.nbytes < MAX_FRAME:
            head = ROW.pack(0x93, 0xA3, value.dtype.str.encode(), 0x91, 0xCE, value.size, 0xC6, value.nbytes)
            return msgpack.ExtType(ARRAY, head + value.tobytes())
        return msgpack.ExtType(ARRAY, msgpack.packb([value.dtype.str, list(value.shape), value.tobytes()]))
    if isinstance(value, np.generic) and value.dtype.str in DTYPES:
        return value.item()
    raise TypeError(f"a {type(value).__name__}")


def decode(data: bytes) -> Any:
    """Decode one message of a sandbox. Raises WireError, whatever the bytes are. Arrays are read-only."""
    try:
        _inspect(data)
        return msgpack.unpackb(
            data,
            ext_hook=_extension,
            strict_map_key=False,
            max_str_len=len(data),
            max_bin_len=len(data),
            max_array_len=len(data),
            max_map_len=len(data),
            max_ext_len=len(data),
        )
    except WireError:
        raise
    except (ValueError, TypeError, IndexError, struct.error, msgpack.UnpackException) as error:
        raise WireError(f"not a message: {str(error)[:200]}") from None


_SKIP = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4,
         0xD3: 8}  # fmt: skip
_BYTES = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_EXTENSIONS = {0xC7: 1, 0xC8: 2, 0xC9: 4}
_CONTAINERS = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}


def _inspect(data: bytes) -> None:
    """Check that the bytes are one value, that no length exceeds what is there, and that nesting is bounded."""
    end = len(data)
    at = 0
    waiting: list[int] = []  # how many values each open container still lacks
    missing = 1
    owed = 1  # values promised and not seen yet: each needs a byte
    while True:
        while missing == 0:
            if not waiting:
                if at != end:
                    raise WireError(f"not a message: {end - at} bytes too many")
                return
            missing = waiting.pop()
        missing -= 1
        owed -= 1
        if at >= end:
            raise WireError("not a message: it ends early")
        byte = data[at]
        at += 1
        if byte < 0x80 or byte >= 0xE0:
            continue
        if byte in _SKIP:
            at += _SKIP[byte]
        elif 0xA0 <= byte < 0xC0:
            at += byte & 31
        elif byte in _BYTES:
            size = _BYTES[byte]
            at += size + int.from_bytes(data[at : at + size], "big")
        elif byte in _EXTENSIONS or 0xD4 <= byte <= 0xD8:
            size = _EXTENSIONS.get(byte, 0)
            length = int.from_bytes(data[at : at + size], "big") if size else 1 << (byte - 0xD4)
            if data[at + size] not in (ARRAY, NUMBERS):
                raise WireError(f"not a message: extension {data[at + size]}")
            at += size + 1 + length
        else:
            if byte < 0xA0:
                count = byte & 15
                factor = 2 if byte < 0x90 else 1
            elif byte in _CONTAINERS:
                size, factor = _CONTAINERS[byte]
                count = int.from_bytes(data[at : at + size], "big")
                at += size
            else:
                raise WireError(f"not a message: byte {byte:#x}")
            waiting.append(missing)
            missing = count * factor
            owed += missing
            if len(waiting) > MAX_DEPTH + 1:
                raise WireError(f"nested deeper than {MAX_DEPTH} levels")
            if owed > end - at:
                raise WireError("not a message: a container is longer than what follows")
        if at > end:
            raise WireError("not a message: it ends early")


def _extension(code: int, body: bytes) -> Any:
    if code == NUMBERS:
        if body[:1] not in (b"q", b"d") or len(body) % 8 != 1:
            raise WireError("not a list of numbers")
        return array(body[:1].decode(), body[1:]).tolist()
    if len(body) >= ROW.size:
        three, text, name, one, word, size, binary, length = ROW.unpack_from(body)
        if (three, text, one, word, binary) == (0x93, 0xA3, 0x91, 0xCE, 0xC6) and name == b"<f8":
            if not 8 * size == length == len(body) - ROW.size:
                raise WireError("not an array")
            return np.frombuffer(body, np.float64, offset=ROW.size)
    _inspect(body)
    parts = msgpack.unpackb(body)
    if type(parts) is not list or len(parts) != 3:
        raise WireError("not an array")
    dtype, shape, content = parts
    if type(dtype) is not str or type(shape) is not list or type(content) is not bytes:
        raise WireError("not an array")
    if dtype not in DTYPES:
        raise WireError(f"an array of {dtype[:20]!r} is not accepted")
    if len(shape) > MAX_DIMENSIONS or any(type(n) is not int or not 0 <= n <= MAX_FRAME for n in shape):
        raise WireError("an array of impossible shape")
    if math.prod(shape) * int(dtype[2:]) != len(content):
        raise WireError(f"an array of shape {shape} does not have {len(content)} bytes")
    if dtype == "|b1":  # a byte that is neither 0 nor 1 is no bool
        return (np.frombuffer(content, np.uint8) != 0).reshape(shape)
    return np.frombuffer(content, dtype).reshape(shape)


class Unsendable(Exception):
    """The trusted side was about to send something that no message can hold: a mistake of ours, or of an evaluator."""


def send(connection: socket.socket, value: Any, seconds: float) -> None:
    """Write one frame within a time limit. Raises Unsendable, TimeoutError, or OSError when the other side is gone."""
    try:
        body = encode(value)
    except WireError as error:
        raise Unsendable(str(error)) from None
    connection.settimeout(max(seconds, 1e-3))
    connection.sendall(len(body).to_bytes(4, "big") + body)


def receive(connection: socket.socket, seconds: float, extend: Callable[[], float] = lambda: 0.0) -> Any:
    """Read one frame within a time limit. Raises EOFError, WireError, TimeoutError or OSError.

    Question and answer alternate, so bytes beyond the frame are an error. extend: asked for further seconds when
    nothing has come in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        connection.settimeout(max(deadline - time.monotonic(), 1e-3))
        try:
            data = connection.recv(1 << 16)
            break
        except TimeoutError:
            if (more := extend()) <= 0:
                raise
            deadline = time.monotonic() + more
    while len(data) < 4:
        if not data:
            raise EOFError("the other side has closed")
        data += _more(connection, 1 << 16, deadline)
    length = int.from_bytes(data[:4], "big")
    if length > MAX_FRAME:
        raise WireError(f"a message of {length} bytes is longer than {MAX_FRAME}")
    missing = length + 4 - len(data)
    if missing > 0:
        chunks = [data]
        while missing > 0:
            chunks.append(_more(connection, min(missing, 1 << 20), deadline))
            missing -= len(chunks[-1])
        data = b"".join(chunks)
    if missing < 0:
        raise WireError("more than one message arrived")
    return decode(data[4:])


def _more(connection: socket.socket, size: int, deadline: float) -> bytes:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is up")
    connection.settimeout(left)
    chunk = connection.recv(size)
    if not chunk:
        raise EOFError("the other side has closed")
    return chunk
