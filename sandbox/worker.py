"""What runs inside the sandbox: one file, standard library and numpy only, nothing of the project.

Three parts, top to bottom: the wire format, `Program` (a candidate's code and the calls that it answers) and
`serve` (the loop of the child process that holds one candidate). The supervisor that forks such children is in
`supervisor.py` beside this file. Nothing here is trusted: whatever a candidate does to this process, it can only
change its own answers, and the simulator on the other side checks every one of them.
"""

import builtins
import contextlib
import inspect
import linecache
import os
import socket
import struct
import sys
import traceback
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, NoReturn

import numpy as np

ARRAY = 1  # MessagePack extension: a numpy array as [dtype, shape, bytes]
NUMBERS = 2  # MessagePack extension: a list of only ints ("q") or only floats ("d"), as a type code and their bytes
ROW = struct.Struct(">BB3sBBIBI")  # the head of an array of one dimension: worth a way of its own, most are
MANY = 8  # the length from which a list of numbers travels as NUMBERS
MAX_DEPTH = 32
MAX_FRAME = 64 * 1024 * 1024
FILENAME = "candidate.py"
_CODES = {int: "q", float: "d"}


# --- wire format: MessagePack in frames of a four-byte length -------------------------------------------------------


class Packed:
    """A value that is encoded already."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


def pack(value: object) -> bytes:
    """Encode plain data and numpy arrays. Raises TypeError for anything else, subclasses included."""
    out = bytearray()
    _pack(value, out, 0)
    return bytes(out)


def _pack(value: Any, out: bytearray, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise TypeError(f"the answer is nested deeper than {MAX_DEPTH} levels")
    kind = type(value)
    if value is None:
        out.append(0xC0)
    elif kind is bool:
        out.append(0xC3 if value else 0xC2)
    elif kind is int:
        if 0 <= value < 128:
            out.append(value)
        elif -(2**63) <= value < 2**63:
            out += b"\xd3" + value.to_bytes(8, "big", signed=True)
        else:
            raise TypeError("an integer does not fit into 64 bits")
    elif kind is float:
        out += b"\xcb" + struct.pack(">d", value)
    elif kind is str:
        data = value.encode("utf-8", "replace")
        out += b"\xdb" + len(data).to_bytes(4, "big") + data
    elif kind is bytes:
        out += b"\xc6" + len(value).to_bytes(4, "big") + value
    elif kind is list or kind is tuple:
        if len(value) < MANY or not _pack_numbers(value, out):
            out += b"\xdd" + len(value).to_bytes(4, "big")
            for item in value:
                _pack(item, out, depth + 1)
    elif kind is dict:
        out += b"\xdf" + len(value).to_bytes(4, "big")
        for key, item in value.items():
            _pack(key, out, depth + 1)
            _pack(item, out, depth + 1)
    elif kind is np.ndarray:
        if value.dtype.kind not in "biuf" or value.dtype.itemsize > 8:
            raise TypeError(f"an array of {value.dtype} cannot be sent")
        if value.ndim == 1 and value.nbytes < MAX_FRAME:
            head = ROW.pack(0x93, 0xA3, value.dtype.str.encode(), 0x91, 0xCE, value.size, 0xC6, value.nbytes)
            body = head + value.tobytes()
        else:
            body = pack([value.dtype.str, list(value.shape), value.tobytes()])
        out += b"\xc9" + len(body).to_bytes(4, "big") + bytes([ARRAY]) + body
    elif kind is Packed:
        out += value.data
    elif isinstance(value, np.generic) and value.dtype.kind in "biuf":
        _pack(value.item(), out, depth)
    else:
        raise TypeError(f"a {kind.__name__} cannot be sent; use numbers, strings, lists, dicts or arrays")


def _pack_numbers(value: Sequence[Any], out: bytearray) -> bool:
    """Pack a long list of one kind of number, many times faster than item by item."""
    code = _CODES.get(type(value[0]))
    if code is None or len(set(map(type, value))) > 1:
        return False
    try:
        data = array(code, value).tobytes()
    except OverflowError:
        return False
    out += b"\xc9" + (len(data) + 1).to_bytes(4, "big") + bytes([NUMBERS, ord(code)]) + data
    return True


def unpack(data: bytes) -> Any:
    """Decode what the trusted side sent."""
    return _unpack(memoryview(data), 0)[0]


def _unpack(data: memoryview, at: int) -> tuple[Any, int]:
    byte = data[at]
    at += 1
    if byte < 0x80:
        return byte, at
    if byte >= 0xE0:
        return byte - 256, at
    if byte < 0x90:
        return _map(data, at, byte & 15)
    if byte < 0xA0:
        return _array(data, at, byte & 15)
    if byte < 0xC0:
        return _text(data, at, byte & 31)
    if byte in _CONSTANTS:
        return _CONSTANTS[byte], at
    if byte in _FIXED:
        size, code = _FIXED[byte]
        return struct.unpack(code, data[at : at + size])[0], at + size
    if 0xD4 <= byte <= 0xD8:
        return _extension(data, at, 1 << (byte - 0xD4))
    if byte not in _SIZED:
        raise ValueError(f"unexpected byte {byte:#x}")
    size, reader = _SIZED[byte]
    length = int.from_bytes(data[at : at + size], "big")
    return reader(data, at + size, length)


def _map(data: memoryview, at: int, length: int) -> tuple[Any, int]:
    result = {}
    for _ in range(length):
        key, at = _unpack(data, at)
        result[key], at = _unpack(data, at)
    return result, at


def _array(data: memoryview, at: int, length: int) -> tuple[Any, int]:
    result = []
    for _ in range(length):
        item, at = _unpack(data, at)
        result.append(item)
    return result, at


def _text(data: memoryview, at: int, length: int) -> tuple[Any, int]:
    return str(data[at : at + length], "utf-8"), at + length


def _binary(data: memoryview, at: int, length: int) -> tuple[Any, int]:
    return bytes(data[at : at + length]), at + length


def _extension(data: memoryview, at: int, length: int) -> tuple[Any, int]:
    end = at + 1 + length
    if data[at] == NUMBERS:
        return array(chr(data[at + 1]), data[at + 2 : end].tobytes()).tolist(), end
    if data[at] != ARRAY:
        raise ValueError(f"unknown extension {data[at]}")
    if length >= ROW.size and data[at + 1] == 0x93 and data[at + 6] == 0x91 and data[at + 7] == 0xCE:
        return np.frombuffer(bytearray(data[at + 1 + ROW.size : end]), dtype=str(data[at + 3 : at + 6], "ascii")), end
    (dtype, shape, body), _ = _unpack(data, at + 1)
    return np.frombuffer(bytearray(body), dtype=dtype).reshape(shape), end


_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_FIXED = {
    0xCA: (4, ">f"), 0xCB: (8, ">d"), 0xCC: (1, ">B"), 0xCD: (2, ">H"), 0xCE: (4, ">I"), 0xCF: (8, ">Q"),
    0xD0: (1, ">b"), 0xD1: (2, ">h"), 0xD2: (4, ">i"), 0xD3: (8, ">q"),
}  # fmt: skip
_SIZED: dict[int, tuple[int, Callable[[memoryview, int, int], tuple[Any, int]]]] = {
    0xC4: (1, _binary), 0xC5: (2, _binary), 0xC6: (4, _binary), 0xC7: (1, _extension), 0xC8: (2, _extension),
    0xC9: (4, _extension), 0xD9: (1, _text), 0xDA: (2, _text), 0xDB: (4, _text),
    0xDC: (2, _array), 0xDD: (4, _array), 0xDE: (2, _map), 0xDF: (4, _map),
}  # fmt: skip


def send(connection: socket.socket, value: object) -> None:
    """Write one frame."""
    body = pack(value)
    connection.sendall(len(body).to_bytes(4, "big") + body)


def receive(connection: socket.socket) -> Any:
    """Read one frame. Raises EOFError when the other side has closed.

    Question and answer alternate, so that whatever has arrived belongs to this frame.
    """
    data = connection.recv(1 << 16)
    while len(data) < 4:
        data += _more(connection, 4 - len(data))
    length = int.from_bytes(data[:4], "big")
    if length > MAX_FRAME:
        raise ValueError(f"a frame of {length} bytes is longer than {MAX_FRAME}")
    if len(data) == length + 4:
        return _unpack(memoryview(data), 4)[0]
    chunks = [data]
    missing = length + 4 - len(data)
    while missing > 0:
        chunks.append(_more(connection, min(missing, 1 << 20)))
        missing -= len(chunks[-1])
    return _unpack(memoryview(b"".join(chunks)), 4)[0]


def _more(connection: socket.socket, size: int) -> bytes:
    chunk = connection.recv(size)
    if not chunk:
        raise EOFError("the connection is closed")
    return chunk


# --- a candidate and the calls that it answers ----------------------------------------------------------------------


class Refused(Exception):
    """What is wrong with a candidate, as data: a kind from `sandbox.session.KINDS` and a text for the proposer."""

    def __init__(self, kind: str, message: str, episode: int | None = None) -> None:
        super().__init__(message)
        self.kind, self.message, self.episode = kind, message, episode


class Program:
    """One candidate: its code, and a fresh namespace of its module for every episode.

    With `packed`, answers come as `Packed`: they are encoded to see whether they can be sent, and not a second time.
    """

    def __init__(self, packed: bool = False) -> None:
        self.code: Any = None
        self.function = ""
        self.parameters: list[str] = []
        self.spaces: dict[int, dict[str, Any]] = {}
        self.packed = packed
        self.by_name = False  # the rule has parameters that only a keyword reaches

    def handle(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one message: {"ok": value}, or {"error": {kind, message, episode}} for a candidate's failure.

        `over` lists episodes that have ended since the last message; their namespaces are forgotten.
        """
        for episode in message.get("over", ()):
            self.spaces.pop(episode, None)
        try:
            return {"ok": getattr(self, "op_" + message["op"])(message)}
        except Refused as refused:
            return {"error": {"kind": refused.kind, "message": refused.message, "episode": refused.episode}}

    def op_load(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Compile the source, run it once, and find its entry function.

        `functions` lists the entry functions that the problem accepts, the one that is searched for first; `features`
        the names that `priority` may take. Returns the function's name and the features that it takes.
        """
        source = message["source"]
        linecache.cache[FILENAME] = (len(source), None, source.splitlines(True), FILENAME)
        try:
            self.code = compile(source, FILENAME, "exec")
        except (SyntaxError, ValueError) as error:
            where = f"line {getattr(error, 'lineno', '?')}"
            raise Refused("syntax", f"{where}: {getattr(error, 'msg', None) or error}") from None
        except (RecursionError, MemoryError, OverflowError) as error:
            raise Refused("syntax", f"the program cannot be compiled: {type(error).__name__}") from None
        space = self._fresh(None, "import")
        for name in message["functions"]:
            for found in (name, "priorities") if name == "priority" else (name,):
                if callable(space.get(found)):
                    self.function = found
                    self.parameters = self._parameters(space[found], message.get("features") or [])
                    return {"function": found, "parameters": self.parameters}
        wanted = " or ".join(message["functions"])
        raise Refused("missing", f"the program defines no function named {wanted}")

    def _parameters(self, function: Callable[..., Any], features: Sequence[str]) -> list[str]:
        """The features that a rule takes, in its own order; all of them where it takes **features."""
        if self.function not in ("priority", "priorities"):
            return []
        taken: list[str] = []
        self.by_name = False
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            raise Refused("signature", f"{self.function} has no readable signature") from None
        for parameter in signature.parameters.values():
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.KEYWORD_ONLY):
                self.by_name = True
            if parameter.kind is parameter.VAR_KEYWORD:
                taken += [name for name in features if name not in taken]
            elif parameter.name in features and parameter.kind is not parameter.VAR_POSITIONAL:
                taken.append(parameter.name)
            elif parameter.default is parameter.empty:
                known = ", ".join(features)
                raise Refused(
                    "signature", f"{self.function} takes {parameter.name!r}, which is no feature; there are: {known}"
                )
        return taken

    def _fresh(self, episode: int | None, kind: str = "exception") -> dict[str, Any]:
        space = {"__name__": "candidate", "__file__": FILENAME, "__builtins__": builtins}
        self._guard(kind, episode, exec, self.code, space)
        return space

    def _entry(self, episode: int) -> Callable[..., Any]:
        if episode not in self.spaces:
            self.spaces[episode] = self._fresh(episode)
        function = self.spaces[episode].get(self.function)
        if not callable(function):
            raise Refused("missing", f"{self.function} is not a function in every run of the module", episode)
        entry: Callable[..., Any] = function
        return entry

    def _guard(self, kind: str, episode: int | None, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call the candidate's code; whatever it raises becomes a Refused."""
        try:
            return function(*arguments)
        except BaseException as error:
            self._fail(kind, episode, error)

    def _fail(self, kind: str, episode: int | None, error: BaseException) -> NoReturn:
        if isinstance(error, MemoryError):
            raise Refused("memory", "the candidate ran out of memory", episode) from None
        raise Refused(kind, explain(error), episode) from None

    def op_call(self, message: Mapping[str, Any]) -> list[Any]:
        """Call `solve(instance)` or `decide(observation)` for each episode; one answer each."""
        answers: list[Any] = []
        for episode, argument in zip(message["episodes"], message["arguments"], strict=True):
            answer = self._guard("exception", episode, self._entry(episode), argument)
            try:
                data = pack(answer)
            except MemoryError:
                raise Refused("memory", "the answer does not fit into the candidate's memory", episode) from None
            except (TypeError, RecursionError, ValueError, RuntimeError) as error:
                raise Refused("type", f"{self.function} returned something unusable: {error}", episode) from None
            answers.append(Packed(data) if self.packed else answer)
        return answers

    def op_priority(self, message: Mapping[str, Any]) -> Any:
        """Value every row of every episode's table. `columns` hold all rows one after the other, `rows` their counts,
        `scalars` one value an episode. Returns float64, one value a row."""
        arrays = self.function == "priorities"
        columns = {name: column if arrays else column.tolist() for name, column in message["columns"].items()}
        scalars = {name: column.tolist() for name, column in message["scalars"].items()}
        ask = self._arrays if arrays else self._rows
        values: list[float] = []
        start = 0
        for index, (episode, count) in enumerate(zip(message["episodes"], message["rows"], strict=True)):
            arguments = [
                (columns[name][start : start + count], None) if name in columns else (None, scalars[name][index])
                for name in self.parameters
            ]
            values += ask(self._entry(episode), episode, arguments, count)
            start += count
        return np.array(values, dtype=np.float64)

    def _rows(
        self, function: Callable[..., Any], episode: int, arguments: Iterable[tuple[Any, Any]], count: int
    ) -> list[float]:
        """One call a row, columns first to last in the order of the rule's parameters."""
        series = [repeat(scalar, count) if column is None else column for column, scalar in arguments]
        try:
            if self.by_name or not series:
                rows: Iterable[Any] = zip(*series, strict=True) if series else repeat((), count)
                values = [function(**dict(zip(self.parameters, row, strict=True))) for row in rows]
            else:
                values = list(map(function, *series))
        except BaseException as error:
            self._fail("exception", episode, error)
        if not set(map(type, values)) <= {float, int}:
            values = [self._number(value, episode) for value in values]
        try:
            return list(map(float, values))
        except OverflowError:
            raise Refused("type", "priority returned an integer too large for a float", episode) from None

    def _number(self, value: Any, episode: int) -> Any:
        if isinstance(value, (np.floating, np.integer)):
            return value.item()
        if type(value) in (float, int):
            return value
        raise Refused("type", f"priority returned a {type(value).__name__}; it must return a number", episode)

    def _arrays(
        self, function: Callable[..., Any], episode: int, arguments: Iterable[tuple[Any, Any]], count: int
    ) -> list[float]:
        """One call for all rows of an episode."""
        given = {
            name: scalar if column is None else column.copy()
            for name, (column, scalar) in zip(self.parameters, arguments, strict=True)
        }
        result = self._guard("exception", episode, lambda: function(**given))
        if type(result) is not np.ndarray or result.shape != (count,) or result.dtype.kind not in "iuf":
            raise Refused("type", f"priorities must return a numeric array of shape ({count},)", episode)
        values: list[float] = result.astype(np.float64).tolist()
        return values


def explain(error: BaseException) -> str:
    """One line for the error, and the lines of the candidate's own code that led to it."""
    try:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILENAME]
        lines = [f"  line {frame.lineno}, in {frame.name}: {frame.line}" for frame in frames[-4:]]
        text = str(error)[:400]
    except BaseException:
        lines, text = [], "(the error has no readable text)"
    return "\n".join([f"{type(error).__name__}: {text}", *lines])[:2000]


# --- the child process that holds one candidate ----------------------------------------------------------------------


def serve(connection: socket.socket) -> NoReturn:
    """Answer messages until the other side closes; then leave without running anything of the candidate's."""
    program = Program(packed=True)
    with contextlib.suppress(BaseException):
        while True:
            answer = program.handle(receive(connection))
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(BaseException):
                    stream.flush()
            try:
                send(connection, answer)
            except TypeError as error:
                send(connection, {"error": {"kind": "type", "message": str(error), "episode": None}})
    os._exit(0)
