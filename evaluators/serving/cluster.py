"""Several serving engines that share requests: dispatch, live migration over links, prefill here and decode there.

A cluster is a state that a problem's episode drives, from one decision to the next:

    while requests or cluster.busy:
        cluster.run(until=time)                # engines batch, links carry, all by themselves
        cluster.dispatch(request, engine)      # a request arrives at `time`
        cluster.migrate(sequence, engine)      # a decoding sequence is to go on elsewhere

What each engine does is a function of it, the same for all: `first_come_first_served` is vLLM's. Engines do not see
each other, so they are advanced one by one; only where one acts on another (a transfer begins or ends, memory that a
transfer waits for may be free) does the cluster's clock stop.

A migration is Llumnix's. The destination reserves memory, all keys and values are copied while the source goes on to
decode; then the sequence stops, what it has generated meanwhile is copied, and it goes on at the destination. The
source keeps its memory until then. It is called off after the first copy if the sequence has ended or lost its memory,
or if the destination has no room for what came since.

With `decode_at` a request is prefilled at one engine and decoded at another one, as in Splitwise: keys and values are
sent when the prompt is done and the destination has room, until which the source keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from evaluators.protocol import Illegal
from evaluators.serving import requests
from evaluators.serving.engine import Engine
from evaluators.serving.gaps import Gaps
from evaluators.serving.iterations import Chunk
from evaluators.serving.links import Links
from evaluators.serving.requests import Request

PREFILL_TOKENS = 4096  # of the prompts that vLLM prefills in one iteration; a longer one goes alone
WATERMARK = 0.01  # of the KV cache that vLLM leaves free when it admits a prompt
MARGIN = 16  # tokens that a destination reserves for what is generated during the first copy
HANDOVER_MS = 20.0  # stopping at the source and starting at the destination; assumed

Schedule = Callable[[Engine], bool]


def first_come_first_served(engine: Engine) -> bool:
    """vLLM: prompts before decodes, whole, in order of arrival, as long as memory lasts. Whether anything can run."""
    engine.make_room()
    admit(engine, list(engine.waiting))
    return run_prompts_first(engine)


def mixed(engine: Engine) -> bool:
    """As above, but what decodes goes on in the same iterations as prompts are prefilled. Whether anything can run."""
    engine.make_room()
    admit(engine, list(engine.waiting))
    return run_prompts_first(engine, decodes=True)


def admit(engine: Engine, queue: Sequence[requests.Sequence]) -> None:
    """Admit prompts of one iteration, in order; the first that has no room ends it. The decodes that go on in it, and
    the watermark, keep their room."""
    tokens = 0
    for head in queue:
        spare = len(engine.decoding) + int(WATERMARK * engine.kv.capacity)
        if not (engine.decoding or engine.prefilling):
            spare = 0
        if head.target + spare > engine.kv.room or (tokens and tokens + head.target > PREFILL_TOKENS):
            return
        engine.admit(head)
        tokens += head.target


def run_prompts_first(engine: Engine, decodes: bool = False) -> bool:
    """Start an iteration that prefills all that is admitted, or else decodes. Whether anything can run."""
    if engine.prefilling:
        chunks = [Chunk(sequence, sequence.left) for sequence in engine.prefilling.values()]
        engine.start(chunks, decodes)
    elif engine.decoding:
        engine.decode()
    return engine.busy


@dataclass(eq=False)
class Move:
    """A sequence on its way. Tokens: `reserved` at the destination; `copied`; `held` at the source that it has left."""

    sequence: requests.Sequence
    source: int
    destination: int
    reserved: int = 0
    copied: int = 0
    held: int = 0
    preemptions: int = 0


class Cluster:
    """`engines` and the `links` between them. `now` in ms: all that ends by then has ended.

    moves: migrations under way, by id of the request. migrated, aborted: how many ended one way or the other.
    """

    def __init__(self, engines: Sequence[Engine], links: Links, schedule: Schedule = first_come_first_served) -> None:
        self.engines = list(engines)
        self.links = links
        self.now = 0.0
        self.moves: dict[int, Move] = {}
        self.migrated = self.aborted = 0
        self._schedule = schedule
        self._stopping: list[Move] = []  # copied once; they leave when the iteration under way ends
        self._blocked: list[Move] = []  # prefilled; there is no room yet where they are to decode
        self._decode_at: dict[int, int] = {}
        self._elsewhere: dict[int, requests.Sequence] = {}  # not yet where they are to decode
        self._received = 0

    @property
    def busy(self) -> bool:
        """Whether a request has not ended yet."""
        return self._received > self._ended()

    @property
    def finished(self) -> list[requests.Sequence]:
        """All that have ended, engine by engine."""
        return [sequence for engine in self.engines for sequence in engine.finished]

    @property
    def gaps(self) -> Gaps:
        """Times between tokens of all engines."""
        gaps = Gaps()
        for engine in self.engines:
            gaps.add_all(engine.gaps)
        return gaps

    def incoming(self) -> list[int]:
        """Prompt tokens of the requests that are to decode at each engine and are still elsewhere."""
        tokens = [0] * len(self.engines)
        for number, sequence in list(self._elsewhere.items()):
            if sequence.finished is None:
                tokens[self._decode_at[number]] += sequence.request.prompt
            else:  # its first token was its last one
                del self._elsewhere[number]
        return tokens

    def dispatch(self, request: Request, engine: int, decode_at: int | None = None) -> requests.Sequence:
        """A request arrives now, at an engine; `decode_at`: where it decodes, if that engine is `prefill_only`."""
        self._received += 1
        self._decode_at[request.id] = engine if decode_at is None else decode_at
        sequence = self.engines[engine].receive(request)
        if self._decode_at[request.id] != engine:
            self._elsewhere[request.id] = sequence
        return sequence

    def migrate(self, request: int, destination: int) -> None:
        """Begin to move a decoding request to another engine. Raises Illegal."""
        source = next((i for i, engine in enumerate(self.engines) if request in engine.decoding), None)
        if source is None:
            raise Illegal(f"request {request} does not decode anywhere, so it cannot be migrated")
        if request in self.moves:
            raise Illegal(f"request {request} is being migrated already")
        if source == destination:
            raise Illegal(f"request {request} is to be migrated to the engine on which it decodes")
        sequence = self.engines[source].decoding[request]
        need, room = sequence.context + MARGIN, self.engines[destination].kv.room
        if need > room:
            raise Illegal(f"a migration needs {need} tokens of memory at its destination, where {room} are free")
        self.engines[destination].kv.take(need)
        move = Move(sequence, source, destination, need, sequence.context, preemptions=sequence.preemptions)
        self.moves[request] = move
        self._send(move, move.copied)

    def run(self, until: float, stop_at_finish: bool = False) -> None:
        """Let time pass. What is to decide at `until` itself waits for what is decided then. Raises Illegal where all
        wait for memory that none will ever give back. stop_at_finish: stop as soon as a request has ended."""
        ended = self._ended()
        while True:
            for engine in self.engines:
                if engine.due():
                    self._schedule(engine)
            time = min(until, self._next_event(stop_at_finish))
            for engine in self.engines:
                while engine.advance(time):
                    if not self._schedule(engine):
                        engine.wait(time)
            self.now = time
            for transfer in self.links.advance(time):
                self._arrive(transfer.about)
            self._stop()
            self._send_prefilled()
            if time >= until or (stop_at_finish and self._ended() > ended):
                break
        if self.now == inf and self.busy:
            raise Illegal("all engines wait for memory of each other: prompts that are to decode elsewhere fill them")

    def _ended(self) -> int:
        return sum(len(engine.finished) for engine in self.engines)

    def _next_event(self, of_all: bool) -> float:
        """When one engine may act on another one, or else any has something to decide, ms."""
        if of_all:
            return min([self.links.next_event(), *(engine.next_event() for engine in self.engines)])
        watched = {move.source for move in self._stopping} | {move.destination for move in self._blocked}
        watched |= {
            i for i, engine in enumerate(self.engines) if engine.prefill_only and (engine.prefilling or engine.waiting)
        }
        return min([self.links.next_event(), *(self.engines[i].next_event() for i in watched)])

    def _send(self, move: Move, tokens: int, delay: float = 0.0) -> None:
        size = tokens * self.engines[move.source].costs.kv_bytes
        self.links.start(move.source, move.destination, size, delay, move)

    def _arrive(self, move: Move) -> None:
        """A copy has arrived: the first one of a migration, or the last one."""
        source, destination = self.engines[move.source], self.engines[move.destination]
        if move.held:
            source.kv.give(move.held)
            self._wake(source)
            destination.insert(move.sequence, self.now, move.reserved)
            self._elsewhere.pop(move.sequence.request.id, None)
            if self.moves.pop(move.sequence.request.id, None):
                self.migrated += 1
        elif self._lost(move):
            self._abort(move)
        else:
            source.interrupt()
            self._stopping.append(move)

    def _stop(self) -> None:
        """What has been copied once leaves its engine between two iterations."""
        for move in [move for move in self._stopping if not self.engines[move.source].busy]:
            self._stopping.remove(move)
            need, destination = move.sequence.context, self.engines[move.destination]
            if self._lost(move) or need - move.reserved > destination.kv.room:
                self._abort(move)
                continue
            self._take_out(move)
            destination.kv.take(need - move.reserved)
            move.reserved = need
            self._send(move, need - move.copied, HANDOVER_MS)

    def _send_prefilled(self) -> None:
        """What has been prefilled goes to where it decodes, in order, as soon as there is room."""
        for i, engine in enumerate(self.engines):
            for sequence in list(engine.prefilled):
                move = Move(sequence, i, self._decode_at[sequence.request.id])
                if move.destination == i:
                    engine.remove(sequence)
                    engine.insert(sequence)
                else:
                    self._take_out(move)
                    self._blocked.append(move)
        full: set[int] = set()
        for move in list(self._blocked):
            kv = self.engines[move.destination].kv
            if move.destination in full or move.held > kv.room:
                full.add(move.destination)
                continue
            self._blocked.remove(move)
            kv.take(move.held)
            move.reserved = move.held
            self._send(move, move.held)

    def _take_out(self, move: Move) -> None:
        """Out of its engine, where its keys and values stay until they have been sent."""
        source = self.engines[move.source]
        source.remove(move.sequence)
        move.held = move.sequence.prefilled
        source.kv.take(move.held)

    def _lost(self, move: Move) -> bool:
        """Whether a sequence has ended, or lost what has been copied."""
        sequence = move.sequence
        return sequence.engine is not self.engines[move.source] or sequence.preemptions != move.preemptions

    def _abort(self, move: Move) -> None:
        destination = self.engines[move.destination]
        destination.kv.give(move.reserved)
        self._wake(destination)
        del self.moves[move.sequence.request.id]
        self.aborted += 1

    @staticmethod
    def _wake(engine: Engine) -> None:
        """Memory is free: whoever waits for it is asked after the iteration under way."""
        if engine.waiting:
            engine.interrupt()
