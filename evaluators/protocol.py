"""What an evaluator is: instances, episodes that a candidate decides and a simulator judges, and references.

A simulator is a generator: ``answer = yield observation`` wherever the candidate decides, ``return Outcome(...)`` at
the end. It holds the only copy of the instance that counts. Everything a candidate may not know stays on this side.
"""

from __future__ import annotations

import hashlib
import random
import sysconfig
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from evaluators.drawing import Drawing

Interface = Literal["priority", "decide", "solve", "program"]


class Illegal(Exception):
    """An answer breaks the problem's rules. The text says which rule, and where; it is shown to the proposer."""


class ProblemError(Exception):
    """A problem folder is not as it should be: one line that says what is wrong, where, and what to do."""


class EvaluatorBug(Exception):
    """The evaluator contradicts itself, as when a cost lies below a proven bound. Stops the run."""


@dataclass(frozen=True)
class Feature:
    """One parameter that a priority rule may take: a column of the table of eligible items, or a scalar."""

    name: str
    description: str
    scalar: bool = False
    integer: bool = True


@dataclass(frozen=True)
class Table:
    """The eligible items that a priority rule orders: one list a column (equal lengths), one number a scalar.

    A column may also be a function that makes the list; it is called only if the rule takes that column, and before
    the episode goes on. `rows` is the number of items; it may be left out where the first column is a list.
    """

    columns: Mapping[str, Sequence[float] | Callable[[], Sequence[float]]]
    scalars: Mapping[str, float] = field(default_factory=dict)
    rows: int | None = None


@dataclass(frozen=True)
class Instance:
    """One input. `key` names it for ever and seeds its generator; `group` is its class, as in "n=50 TF=0.4 RDD=0.2";
    `data` is whatever the simulator needs. None of the three is ever sent to a candidate as it is."""

    key: str
    group: str
    data: Any


class Reference(NamedTuple):
    """What a cost is compared with. "optimal" and "bound" are proven: a lower cost is an evaluator's bug.

    bound: a proven lower bound, where the value itself is none.
    """

    value: float
    kind: Literal["optimal", "bound", "best known", "baseline"]
    bound: float | None = None

    @property
    def proven(self) -> bool:
        return self.kind in ("optimal", "bound")

    @property
    def floor(self) -> float | None:
        """What no cost can lie below, as far as is proven."""
        return self.value if self.proven else self.bound


@dataclass(frozen=True)
class Outcome:
    """The end of an episode: its cost (lower is better), further figures of interest, and a trace for review.

    decisions: what was decided, in true indices, so that equal decisions can be told from equal costs (plain data).
    trace: what a reviewer would want to see, or a function without parameters that makes it.
    """

    cost: float
    metrics: Mapping[str, float] = field(default_factory=dict)
    trace: Any = None
    decisions: Any = None


class Labels:
    """Names of jobs, machines and nodes, dealt out at random per evaluation, the same way for every candidate.

    A permutation depends on nothing but (seed, instance, kind), so a simulator may ask for it twice.
    """

    def __init__(self, seed: int, instance: Instance) -> None:
        self._key = f"labels|{seed}|{instance.key}"

    def permutation(self, kind: str, size: int) -> list[int]:
        """`result[label]` is the true index of what the candidate knows as `label`."""
        order = list(range(size))
        random.Random(f"{self._key}|{kind}|{size}").shuffle(order)
        return order


class Evaluator(ABC):
    """A problem's simulator and verifier. Parameters of problem.toml arrive as keyword arguments of the class.

    A subclass implements `instances`, `reference` and, for each interface that it accepts, `episode` (priority and
    decide: the future is hidden) or `question` and `verify` (solve: all is known at once).
    """

    features: ClassVar[Sequence[Feature]] = ()
    measure: ClassVar[str] = "cost"  # what a cost is, with its unit
    scale: ClassVar[str] = "cost above the reference, %"
    self_scored: ClassVar[bool] = False  # the candidate's process scores itself: figures can be forged
    folder: Path = Path()  # the problem's folder; set before anything is called
    headline: ClassVar[Sequence[str]] = ()  # metrics that tables show beside the gap
    slow_reference: ClassVar[bool] = False  # a reference takes more than a second: checks believe the stored ones

    @abstractmethod
    def instances(self, split: str, *args: Any, **spec: Any) -> list[Instance]:
        """The instances of a split; `spec` is its table in problem.toml. Subclasses name the keys that they know."""

    @abstractmethod
    def reference(self, instance: Instance) -> Reference:
        """What the cost of this instance is compared with; called once an instance, and kept."""

    def gap(self, instance: Instance, cost: float, reference: Reference) -> float:
        """Distance of a cost to its reference on the problem's scale: per cent unless `scale` says otherwise."""
        if reference.value == 0:
            raise EvaluatorBug(f"{instance.key}: the reference is 0, so {type(self).__name__} must define its own gap")
        return 100.0 * (cost - reference.value) / reference.value

    def figures(self, instance: Instance, outcome: Outcome, reference: Reference) -> Mapping[str, float]:
        """Further figures that need the reference, such as the literature's own; they join the outcome's metrics."""
        return {}

    def program(self, source: str) -> str:
        """What the sandbox loads for a candidate: its source, unless the evaluator wraps it into something else."""
        return source

    def files(self) -> Sequence[Path]:
        """Files that figures depend on, beside problem.toml, references.json and the evaluator's modules."""
        return ()

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing | None:
        """What a reviewer sees of an outcome, None where there is nothing to see."""
        return None

    def episode(self, instance: Instance, labels: Labels) -> Generator[Any, Any, Outcome]:
        """Play one instance with a `priority` or `decide` candidate.

        Yields a Table and receives one finite float a row (priority), or yields plain data and receives what `decide`
        returned. Raises Illegal for an answer that breaks the rules.
        """
        raise NotImplementedError(f"{type(self).__name__} has no step-by-step form")

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        """What `solve` receives."""
        raise NotImplementedError(f"{type(self).__name__} has no one-shot form")

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        """Check what `solve` returned against the evaluator's own copy, and cost it. Raises Illegal."""
        raise NotImplementedError(f"{type(self).__name__} has no one-shot form")


def one_shot(evaluator: Evaluator, instance: Instance, labels: Labels) -> Generator[Any, Any, Outcome]:
    """A `solve` evaluation as an episode of a single decision, so that one driver serves both forms."""
    answer = yield evaluator.question(instance, labels)
    return evaluator.verify(instance, answer, labels)


def located(error: Exception) -> str:
    """An unexpected error of an evaluator in a line: its type, its text, the innermost place in the author's code."""
    frames = traceback.extract_tb(error.__traceback__)
    libraries = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))
    own = [frame for frame in frames if not frame.filename.startswith((*libraries, "<"))]
    where = "".join(f" ({Path(frame.filename).name}:{frame.lineno})" for frame in (own or frames)[-1:])
    return f"{type(error).__name__}: {' '.join(str(error)[:400].split())}{where}"


def chance(*key: object) -> float:
    """A number in [0, 1) that depends on its key alone: (instance, entity, k-th event). Policies cannot shift it."""
    digest = hashlib.blake2b("|".join(map(str, key)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)
