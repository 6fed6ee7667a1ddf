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
import struct
import sys
import traceback

import numpy as np

ARRAY = 1  # MessagePack extension: [dtype, shape, bytes]
MAX_FRAME = 64 * 1024 * 1024
FILENAME = "candidate.py"


# --- wire format: MessagePack in frames of a four-byte length -------------------------------------------------------


def pack(value: object) -> bytes:
    """Encode plain data and numpy arrays. Raises TypeError for anything else, subclasses included."""
    out = bytearray()
    _pack(value, out, 0)
    return bytes(out)


def _pack(value, out, depth):
    if depth > 32:
        raise TypeError("the answer is nested deeper than 32 levels")
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
            raise TypeError(f"the integer {str(value)[:20]}… does not fit into 64 bits")
    elif kind is float:
        out += b"\xcb" + struct.pack(">d", value)
    elif kind is str:
        data = value.encode("utf-8", "replace")
        out += b"\xdb" + len(data).to_bytes(4, "big") + data
    elif kind is bytes:
        out += b"\xc6" + len(value).to_bytes(4, "big") + value
    elif kind is list or kind is tuple:
        out += b"\xdd" + len(value).to_bytes(4, "big")
        for item in value:
            _pack(item, out, depth + 1)
    elif kind is dict:
        out += b"\xdf" + len(value).to_bytes(4, "big")
        for key, item in value.items():
            _pack(key, out, depth + 1)
            _pack(item, out, depth + 1)
    elif kind is np.ndarray:
        if value.dtype.kind not in "biuf":
            raise TypeError(f"an array of {value.dtype} cannot be sent")
        body = pack([value.dtype.str, list(value.shape), value.tobytes()])
        out += b"\xc9" + len(body).to_bytes(4, "big") + bytes([ARRAY]) + body
    elif isinstance(value, np.generic) and value.dtype.kind in "biuf":
        _pack(value.item(), out, depth)
    else:
        raise TypeError(f"a {kind.__name__} cannot be sent; use numbers, strings, lists, dicts or arrays")


def unpack(data):
    """Decode what the trusted side sent."""
    return _unpack(memoryview(data), 0)[0]


def _unpack(data, at):
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
    if byte in _NUMBERS:
        size, code = _NUMBERS[byte]
        return struct.unpack(code, data[at : at + size])[0], at + size
    size, reader = _SIZED[byte]
    length = int.from_bytes(data[at : at + size], "big")
    return reader(data, at + size, length)


def _map(data, at, length):
    result = {}
    for _ in range(length):
        key, at = _unpack(data, at)
        result[key], at = _unpack(data, at)
    return result, at


def _array(data, at, length):
    result = []
    for _ in range(length):
        item, at = _unpack(data, at)
        result.append(item)
    return result, at


def _text(data, at, length):
    return str(data[at : at + length], "utf-8"), at + length


def _binary(data, at, length):
    return bytes(data[at : at + length]), at + length


def _extension(data, at, length):
    if data[at] != ARRAY:
        raise ValueError(f"unknown extension {data[at]}")
    (dtype, shape, body), _ = _unpack(data, at + 1)
    return np.frombuffer(bytearray(body), dtype=dtype).reshape(shape), at + 1 + length


_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_NUMBERS = {
    0xCA: (4, ">f"), 0xCB: (8, ">d"), 0xCC: (1, ">B"), 0xCD: (2, ">H"), 0xCE: (4, ">I"), 0xCF: (8, ">Q"),
    0xD0: (1, ">b"), 0xD1: (2, ">h"), 0xD2: (4, ">i"), 0xD3: (8, ">q"),
}  # fmt: skip
_SIZED = {
    0xC4: (1, _binary), 0xC5: (2, _binary), 0xC6: (4, _binary),
    0xC7: (1, _extension), 0xC8: (2, _extension), 0xC9: (4, _extension),
    0xD9: (1, _text), 0xDA: (2, _text), 0xDB: (4, _text),
    0xDC: (2, _array), 0xDD: (4, _array), 0xDE: (2, _map), 0xDF: (4, _map),
}  # fmt: skip


def send(connection, value):
    """Write one frame."""
    body = pack(value)
    connection.sendall(len(body).to_bytes(4, "big") + body)


def receive(connection):
    """Read one frame. Raises EOFError when the other side has closed."""
    length = int.from_bytes(_exactly(connection, 4), "big")
    if length > MAX_FRAME:
        raise ValueError(f"a frame of {length} bytes is longer than {MAX_FRAME}")
    return unpack(_exactly(connection, length))


def _exactly(connection, size):
    chunks = []
    while size:
        chunk = connection.recv(min(size, 1 << 20))
        if not chunk:
            raise EOFError("the connection is closed")
        chunks.append(chunk)
        size -= len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


# --- a candidate and the calls that it answers ----------------------------------------------------------------------


class Refused(Exception):
    """What is wrong with a candidate, as data: a kind from `sandbox.session.KINDS` and a text for the proposer."""

    def __init__(self, kind, message, episode=None):
        super().__init__(message)
        self.kind, self.message, self.episode = kind, message, episode


class Program:
    """One candidate: its code, and a fresh namespace of its module for every episode."""

    def __init__(self):
        self.code = None
        self.function = None
        self.parameters = []
        self.spaces = {}

    def handle(self, message):
        """Answer one message: {"ok": value}, or {"error": {kind, message, episode}} for a candidate's failure."""
        try:
            return {"ok": getattr(self, "op_" + message["op"])(message)}
        except Refused as refused:
            return {"error": {"kind": refused.kind, "message": refused.message, "episode": refused.episode}}

    def op_load(self, message):
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

    def _parameters(self, function, features):
        """The features that a rule takes, in its own order; all of them where it takes **features."""
        if self.function not in ("priority", "priorities"):
            return []
        taken = []
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            raise Refused("signature", f"{self.function} has no readable signature") from None
        for parameter in signature.parameters.values():
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

    def _fresh(self, episode, kind="exception"):
        space = {"__name__": "candidate", "__file__": FILENAME, "__builtins__": builtins}
        self._guard(kind, episode, exec, self.code, space)
        return space

    def _entry(self, episode):
        if episode not in self.spaces:
            self.spaces[episode] = self._fresh(episode)
        function = self.spaces[episode].get(self.function)
        if not callable(function):
            raise Refused("missing", f"{self.function} is not a function in every run of the module", episode)
        return function

    def _guard(self, kind, episode, function, *arguments):
        """Call the candidate's code; whatever it raises becomes a Refused."""
        try:
            return function(*arguments)
        except Refused:
            raise
        except MemoryError:
            raise Refused("memory", "the candidate ran out of memory", episode) from None
        except BaseException as error:
            raise Refused(kind, explain(error), episode) from None

    def op_end(self, message):
        """Forget the namespaces of episodes that are over."""
        for episode in message["episodes"]:
            self.spaces.pop(episode, None)

    def op_call(self, message):
        """Call `solve(instance)` or `decide(observation)` for each episode; one answer each."""
        answers = []
        for episode, argument in zip(message["episodes"], message["arguments"]):
            answer = self._guard("exception", episode, self._entry(episode), argument)
            try:
                pack(answer)
            except (TypeError, RecursionError, ValueError) as error:
                raise Refused("type", f"{self.function} returned something unusable: {error}", episode) from None
            answers.append(answer)
        return answers

    def op_priority(self, message):
        """Value every row of every episode's table. `columns` hold all rows one after the other, `rows` their counts,
        `scalars` one value an episode. Returns float64, one value a row."""
        columns = {name: column.tolist() for name, column in message["columns"].items()}
        scalars = {name: column.tolist() for name, column in message["scalars"].items()}
        if self.function == "priorities":
            columns = message["columns"]
        values = []
        start = 0
        for index, (episode, count) in enumerate(zip(message["episodes"], message["rows"])):
            function = self._entry(episode)
            if self.function == "priorities":
                values += self._arrays(function, episode, columns, scalars, index, start, count)
            else:
                values += self._rows(function, episode, columns, scalars, index, start, count)
            start += count
        return np.array(values, dtype=np.float64)

    def _rows(self, function, episode, columns, scalars, index, start, count):
        arguments = [
            columns[name][start : start + count] if name in columns else [scalars[name][index]] * count
            for name in self.parameters
        ]
        try:
            if not arguments:
                values = [function() for _ in range(count)]
            else:
                values = list(map(function, *arguments))
        except MemoryError:
            raise Refused("memory", "the candidate ran out of memory", episode) from None
        except BaseException as error:
            raise Refused("exception", explain(error), episode) from None
        if not {type(value) for value in values} <= {float, int}:
            values = [self._number(value, episode) for value in values]
        try:
            return list(map(float, values))
        except OverflowError:
            raise Refused("type", "priority returned an integer too large for a float", episode) from None

    def _number(self, value, episode):
        if isinstance(value, (np.floating, np.integer)):
            return value.item()
        if type(value) in (float, int):
            return value
        raise Refused("type", f"priority returned a {type(value).__name__}; it must return a number", episode)

    def _arrays(self, function, episode, columns, scalars, index, start, count):
        arguments = {
            name: columns[name][start : start + count].copy() if name in columns else scalars[name][index]
            for name in self.parameters
        }
        result = self._guard("exception", episode, lambda: function(**arguments))
        if type(result) is not np.ndarray or result.shape != (count,) or result.dtype.kind not in "iuf":
            raise Refused("type", f"priorities must return a numeric array of shape ({count},)", episode)
        return result.astype(np.float64).tolist()


def explain(error):
    """One line for the error, and the lines of the candidate's own code that led to it."""
    try:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILENAME]
        lines = [f"  line {frame.lineno}, in {frame.name}: {frame.line}" for frame in frames[-4:]]
        text = str(error)[:400]
    except BaseException:
        lines, text = [], "(the error has no readable text)"
    return "\n".join([f"{type(error).__name__}: {text}", *lines])[:2000]


# --- the child process that holds one candidate ----------------------------------------------------------------------


def serve(connection):
    """Answer messages until the other side closes; then leave without running anything of the candidate's."""
    program = Program()
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
