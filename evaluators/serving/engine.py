"""One serving engine: continuous batching, iteration by iteration, as vLLM, Orca and Sarathi-Serve do it.

An engine is a state that a problem's episode drives; whoever drives it decides. In each iteration all decoding
sequences get a token (or none does), and chunks of prompts are prefilled; a sequence whose prefill ends gets its first
token at the end of that iteration. An episode with one engine reads

    while engine.advance(until=next_arrival):      # between iterations, and there is something to decide
        for sequence in ...: engine.admit(sequence)   # waiting -> prefilling, if its prompt fits into the KV cache
        engine.start(chunks, decodes=True)         # one iteration; or, to prefill nothing: engine.decode()
    engine.receive(request)

With several of them, time goes from event to event, the earliest of what else happens and all `next_event()`:

    for engine in engines: engine.advance(until=time)
    ...                                               # what ended, arrives or moves at that time
    for engine in engines:
        while engine.due(): ...                       # decide, as above

While nothing changes, decode iterations are one `Run` in closed form. Memory: a sequence takes room for all that it
must prefill when it is admitted, and for one token more in each iteration; `advance` asks for a decision as well when
the room is too small for the next iteration: then something must go, by `make_room`, `preempt` or `remove`.

Not in here, but made of it: layer groups (an iteration's length is an argument of `start`; a chunk is done with its
last group), split processors (two engines with one `Kv`, one of them `prefill_only`), swapping and migration (`remove`
keeps a sequence's progress, `insert` takes it on again, `delay` or the time between is what the transfer takes).
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable
from heapq import heappop, heappush
from math import inf

from evaluators.protocol import EvaluatorBug, Illegal
from evaluators.serving.costs import Costs
from evaluators.serving.gaps import Gaps
from evaluators.serving.iterations import Chunk, Run
from evaluators.serving.kv import Kv
from evaluators.serving.requests import Request, Sequence


class Engine:
    """One replica. `now` is the time of its last event, ms; between events its state does not change.

    waiting: by arrival; prefilling: admitted, in order of admission; decoding: by id of the request;
    finished: in order of completion; prefilled: with `prefill_only`, those that are ready to decode elsewhere.
    """

    def __init__(self, costs: Costs, kv: Kv | None = None, prefill_only: bool = False) -> None:
        self.costs = costs
        self.kv = kv or Kv(costs.capacity)
        self.prefill_only = prefill_only
        self.now = 0.0
        self.waiting: list[Sequence] = []
        self.prefilling: dict[int, Sequence] = {}
        self.decoding: dict[int, Sequence] = {}
        self.prefilled: list[Sequence] = []
        self.finished: list[Sequence] = []
        self.gaps = Gaps()
        self.context = 0  # of all decoding sequences
        self.count = 0  # of decode iterations that ended
        self.iterations = 0
        self.batches: Counter[int] = Counter()  # iterations by how many sequences decoded
        self.changes = 0  # how often a sequence arrived, joined, left, or ended its prefill: what plans depend on
        self.last_emission = 0.0  # when the last of them ended
        self._run: Run | None = None
        self._ready = 0.0  # before that nothing starts
        self._interrupted = False
        self._joining: list[Sequence] = []  # they decode from the next iteration on
        self._due: list[tuple[int, int, Sequence]] = []  # count at which a decoding sequence ends, id
        self._fresh: dict[int, Sequence] = {}  # decoding, without a token of a decode iteration here yet
        self._log: list[tuple[int, Run, int]] = []  # decode iterations by count: (first, run, its iterations before)

    # Time

    @property
    def busy(self) -> bool:
        """Whether iterations are under way."""
        return self._run is not None

    def next_event(self) -> float:
        """When the iterations under way end, unless something is received before, ms; infinity if there are none."""
        return self._run.time(self._run.length) if self._run else inf

    def advance(self, until: float, stop_at_finish: bool = False) -> bool:
        """Let time pass. True as soon as there is something to decide before `until`; False when all that ends by
        `until` has ended. What is to decide at `until` itself waits for what arrives then.

        Something is to decide between iterations while prompts wait or are being prefilled, while there is no room for
        the next iteration, and after `interrupt`. stop_at_finish: and whenever a request has ended (see `finished`).
        """
        while True:
            if self._run:
                known = len(self.finished)
                self._commit(until)
                if stop_at_finish and len(self.finished) > known:
                    return True
            if self._run or self.now >= until:
                return False
            if self.due():
                return True
            if not self._run:
                return False

    def due(self) -> bool:
        """Whether there is something to decide now, after all that arrives now has; if not, what decodes goes on."""
        if self._run:
            return False
        if self._undecided() or self._interrupted:
            self._interrupted = False
            return True
        if self.decoding:
            self.decode()
        return False

    def wait(self, until: float) -> None:
        """Let an idle engine's clock go on to a time; iterations under way are not disturbed."""
        if self._run is None:
            self.now = max(self.now, until)

    def interrupt(self) -> None:
        """Let the iterations under way end with the present one; `advance` then asks for a decision."""
        self._shorten()
        self._interrupted = self.busy

    def delay(self, ms: float) -> None:
        """Nothing runs for a while: the next iteration starts later. Only between iterations; delays add up."""
        self._idle()
        self._ready = max(self.now, self._ready) + ms

    def _undecided(self) -> bool:
        return bool(
            self.waiting or self.prefilling or self.prefilled or (self.decoding and self.kv.room < len(self.decoding))
        )

    def _idle(self) -> None:
        if self._run:
            raise EvaluatorBug("an iteration is under way; call `advance` before anything is decided")

    # Requests

    def receive(self, request: Request, at: float | None = None) -> Sequence:
        """A request arrives, at its arrival unless another time is given; `advance` comes first, up to that time."""
        time = request.arrival if at is None else at
        sequence = Sequence(request, request.prompt)
        self._happens(time)
        insort(self.waiting, sequence, key=_by_arrival)
        return sequence

    def fits(self, sequence: Sequence) -> bool:
        """Whether there is room for a waiting sequence: all that it prefills, and a token for each that decodes."""
        path = sequence.request.prefix
        return self.kv.fits(path, sequence.target - _tokens(path) + len(self.decoding))

    def admit(self, sequence: Sequence) -> None:
        """Give a waiting sequence its memory; what the prefix cache has of it is prefilled. Raises Illegal."""
        self._idle()
        if sequence not in self.waiting:
            raise EvaluatorBug("only a sequence that waits can be admitted")
        if not self.fits(sequence):
            raise Illegal(
                f"no room for a prompt of {sequence.target} tokens: {self.kv.room} tokens of KV cache are free"
            )
        self.waiting.remove(sequence)
        path = sequence.path = sequence.request.prefix
        sequence.hit = sequence.prefilled = min(self.kv.acquire(path), sequence.target - 1)
        sequence.held = sequence.target - _tokens(path)
        self.kv.take(sequence.held)
        if sequence.admitted is None:
            sequence.admitted = self.now
        self.prefilling[sequence.request.id] = sequence

    def preempt(self, sequence: Sequence) -> None:
        """Back to the queue; all that it has in memory is lost, and must be prefilled again."""
        self.remove(sequence)
        sequence.preemptions += 1
        sequence.target, sequence.prefilled = sequence.request.prompt + sequence.generated, 0
        insort(self.waiting, sequence, key=_by_arrival)

    def make_room(self) -> None:
        """vLLM's rule where the next iteration does not fit: the latest arrivals are preempted, as many as it takes."""
        while self.decoding and self.kv.room < len(self.decoding):
            self.preempt(max((*self.decoding.values(), *self.prefilling.values()), key=_by_arrival))

    def remove(self, sequence: Sequence) -> None:
        """Take a sequence with its progress out of the engine, and free its memory: to be swapped or to migrate."""
        self._idle()
        self._leave(sequence)
        self.kv.give(sequence.held)
        self.kv.release(sequence.path)
        sequence.held, sequence.path = 0, ()

    def insert(self, sequence: Sequence, at: float | None = None, reserved: int = 0) -> None:
        """Go on with a sequence that was removed, here or elsewhere; none of it is shared any more.

        at: when (now); reserved: tokens that were taken from this KV cache for it already. Raises Illegal.
        """
        need = sequence.prefilled + sequence.left
        if need - reserved > self.kv.room:
            raise Illegal(f"no room for a sequence of {need} tokens: {self.kv.room} tokens of KV cache are free")
        self._happens(self.now if at is None else at)
        self.kv.take(need - reserved)
        sequence.held = need
        if sequence.left:
            self.prefilling[sequence.request.id] = sequence
        elif self._run:
            self._joining.append(sequence)
        else:
            self._join(sequence)

    def _happens(self, time: float) -> None:
        """Something happens at a time: the iteration that is under way then is the last one before it is seen."""
        seen = self._run.time(self._run.done + 1) >= time if self._run else self.now <= time
        if not seen:
            raise EvaluatorBug(f"something happens at {time} ms; call `advance` up to that time before")
        self._shorten()
        self.wait(time)
        self.changes += 1

    def _shorten(self) -> None:
        if self._run:
            self._run.length = min(self._run.length, self._run.done + 1)

    # Iterations

    def duration(self, chunks: Iterable[Chunk] = (), decodes: bool = True) -> float:
        """What an iteration would take by the cost model, ms."""
        work = [(tokens, sequence.prefilled) for sequence, tokens in chunks]
        if decodes:
            return self.costs.iteration(len(self.decoding), self.context, work)
        return self.costs.iteration(0, 0, work)

    def start(self, chunks: Iterable[Chunk] = (), decodes: bool = True, ms: float | None = None) -> None:
        """Start one iteration; `ms` is its length, by default the cost model's. Raises Illegal.

        An iteration of which nothing comes needs a length: as when only some layers of a prompt are computed.
        """
        self._idle()
        chunks = [Chunk(*chunk) for chunk in chunks]
        batch = len(self.decoding) if decodes else 0
        if len({id(sequence) for sequence, _ in chunks}) < len(chunks):
            raise Illegal("a prompt is named twice in one iteration")
        for sequence, tokens in chunks:
            if self.prefilling.get(sequence.request.id) is not sequence:
                raise Illegal("a chunk of a prompt that is not being prefilled")
            if not 1 <= tokens <= sequence.left:
                raise Illegal(f"a chunk of {tokens} tokens of a prompt of which {sequence.left} are left")
        if not batch and not chunks and ms is None:
            raise Illegal("the iteration does nothing")
        if batch > self.kv.room:
            raise Illegal(f"{batch} sequences decode, and there is room for {self.kv.room} tokens of KV cache")
        length = self.duration(chunks, decodes) if ms is None else ms
        self.kv.take(batch)
        self._run = Run(max(self.now, self._ready), length, 0.0, 1, batch, chunks)

    def decode(self) -> None:
        """Start decode iterations without any prefill, until something changes: a request ends or is received, or
        memory is full. Raises Illegal if there is nothing to decode, or no room."""
        self._idle()
        batch = len(self.decoding)
        if not batch:
            raise Illegal("nothing runs: no sequence decodes and no prompt is prefilled")
        if batch > self.kv.room:
            raise Illegal(f"{batch} sequences decode, and there is room for {self.kv.room} tokens of KV cache")
        while self._due[0][2].engine is not self or self._due[0][0] != self._due_of(self._due[0][2]):
            heappop(self._due)  # it left, and may have come back
        length = min(self._due[0][0] - self.count, self.kv.room // batch)
        self._run = Run(max(self.now, self._ready), self.duration(), self.costs.kv * batch, length, batch, [])
        self.kv.take(batch)

    def emissions(self, start: int, end: int) -> list[float]:
        """When the decode iterations from number `start` to before number `end` ended, ms."""
        times = []
        place = len(self._log)
        while place and end > start:
            place -= 1
            first, run, before = self._log[place]
            low = max(start, first)
            times += [run.time(before + k - first + 1) for k in range(end - 1, low - 1, -1)]
            end = min(end, low)
        return times[::-1]

    def _due_of(self, sequence: Sequence) -> int:
        return self.count + sequence.request.output - sequence.generated

    def _commit(self, until: float) -> None:
        """Let the iterations under way that end by `until` have ended."""
        run = self._run
        assert run is not None
        ended = max(run.done, run.ended_by(until))  # a time that has passed already changes nothing
        if run.decodes:  # the iterations that follow need room
            affordable = run.done + 1 + self.kv.room // run.decodes
            if min(ended + 1, run.length) > affordable:
                run.length = affordable
                ended = min(ended, affordable)
        count = ended - run.done
        if not count:
            return
        if run.decodes:
            self._emit(run, count)
            self.kv.take(run.decodes * (count if ended < run.length else count - 1))
        self.iterations += count
        self.batches[run.decodes] += count
        run.done = ended
        if ended == run.length:
            self._run = None
            self.now = run.time(run.length)
            self._settle(run)

    def _emit(self, run: Run, count: int) -> None:
        """`count` tokens for every decoding sequence."""
        first = run.time(run.done + 1)
        self.gaps.add(first - self.last_emission, run.decodes - len(self._fresh))
        for sequence in self._fresh.values():
            self.gaps.add(first - sequence.last_token)
        self.gaps.add(run.first + run.step * (run.done + 1), run.decodes, run.step, count - 1)
        self._fresh.clear()
        self._log.append((self.count, run, run.done))
        self.count += count
        self.context += run.decodes * count
        self.last_emission = run.time(run.done + count)

    def _settle(self, run: Run) -> None:
        """What the last iteration of a run ends: chunks, prefills and requests."""
        if run.decodes:
            while self._due and self._due[0][0] <= self.count:
                _, _, sequence = heappop(self._due)
                if sequence.engine is self and sequence.generated == sequence.request.output:
                    self._finish(sequence)
        while self._joining:
            self._join(self._joining.pop(0))
        for sequence, tokens in run.chunks:
            sequence.prefilled += tokens
            self.kv.computed(sequence.path, sequence.prefilled)
            if not sequence.left:
                self._first(sequence)

    def _first(self, sequence: Sequence) -> None:
        """A prefill has ended: a token comes out of it."""
        self.changes += 1
        if sequence._generated:  # a prefill after a preemption
            self.gaps.add(self.now - sequence._last)
        sequence._generated += 1
        sequence._last = self.now
        sequence._stamps.append(self.now)
        if sequence.first_token is None:
            sequence.first_token = self.now
        if sequence.generated == sequence.request.output:
            self._finish(sequence)
            return
        del self.prefilling[sequence.request.id]
        if self.prefill_only:
            self.prefilled.append(sequence)
        else:
            self._join(sequence)

    def _join(self, sequence: Sequence) -> None:
        sequence.engine, sequence._joined = self, self.count
        self.decoding[sequence.request.id] = self._fresh[sequence.request.id] = sequence
        self.context += sequence.context
        heappush(self._due, (self._due_of(sequence), sequence.request.id, sequence))

    def _leave(self, sequence: Sequence) -> None:
        """Out of whatever list it is in; what it has generated is written down."""
        self.changes += 1
        if sequence.engine is self:
            tokens = sequence.context
            self.context -= tokens
            sequence.held += self.count - sequence._joined
            if self.count > sequence._joined:
                sequence._stamps.append((self, sequence._joined, self.count))
            sequence._last, sequence._generated = sequence.last_token, sequence.generated
            sequence.engine = None
            sequence.target = sequence.prefilled = tokens
            del self.decoding[sequence.request.id]
            self._fresh.pop(sequence.request.id, None)
        elif self.prefilling.pop(sequence.request.id, None) is None:
            if sequence not in self.prefilled:
                raise EvaluatorBug("the sequence is not in this engine")
            self.prefilled.remove(sequence)

    def _finish(self, sequence: Sequence) -> None:
        self._leave(sequence)
        sequence.finished = self.now
        request = sequence.request
        if request.keep is not None and sequence.path == request.prefix:
            self.kv.keep(sequence.path, request.keep, sequence.held)
        else:
            self.kv.give(sequence.held)
        self.kv.release(sequence.path)
        sequence.held, sequence.path = 0, ()
        self.finished.append(sequence)


def _by_arrival(sequence: Sequence) -> tuple[float, int]:
    return sequence.request.arrival, sequence.request.id


def _tokens(path: Iterable[tuple[object, int]]) -> int:
    return sum(tokens for _, tokens in path)
