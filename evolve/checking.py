"""evolve problems check: does a problem folder keep what a search relies on?"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from evaluators.evaluate import Evaluation, evaluate
from evaluators.mistakes import MISTAKES, placed
from evaluators.problem import Problem, ProblemError, load_problem
from evaluators.protocol import Evaluator, EvaluatorBug
from evaluators.references import disagreements, refresh
from evolve import standings
from evolve.evaluation import EvaluationError
from evolve.feedback.rehearsing import rehearse
from evolve.overlaps import overlaps
from evolve.prompting import PromptError, Prompts, prompt_folders
from sandbox.session import Sandbox, SandboxError

Again = Callable[[str, str, int], Evaluation]  # (source, split, relabelling): in another evaluator process and sandbox

RANDOM_RULE = '''"""A rule without any sense: what the evaluator makes of it must still be legal."""
import zlib


def priority(**features):
    return zlib.crc32(repr(sorted(features.items())).encode()) / 2**32
'''
CONSTANT_RULE = "def priority():\n    return 0\n"
NEEDED = {"priority": ("episode",), "decide": ("episode",), "solve": ("question", "verify"), "program": ()}
SAMPLE = 3  # stored references of a split that are computed again


@dataclass
class Checked:
    """What was found about a problem: by check, in order, the failures; none means that it passed."""

    name: str
    failures: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    programs: int = 0
    seconds: float | None = None  # of one evaluation of the initial program on train

    @property
    def ok(self) -> bool:
        return not any(self.failures.values())

    def lines(self) -> list[str]:
        """One line a failure."""
        return [f"{self.name}: {check}: {text}" for check, found in self.failures.items() for text in found]


@dataclass(frozen=True)
class Bench:
    """Where programs are measured: a sandbox slot, and another one that belongs to another evaluator process."""

    slot: Sandbox
    again: Again


class Checker:
    """Checks one problem; every check is run, whatever the others found, as long as the folder loads."""

    def __init__(
        self,
        name: str,
        bench: Callable[[Problem], AbstractContextManager[Bench]],
        tell: Callable[[str], None] = lambda line: None,
        write_references: bool = False,
        write_standings: bool = False,
    ) -> None:
        self.name, self._bench, self._tell = name, bench, tell
        self._write_references, self._write_standings = write_references, write_standings
        self.checked = Checked(name)

    def run(self) -> Checked:
        """All checks. Raises SandboxError where nothing can be measured."""
        problem: Problem | None = None
        with self._checking("folder"):
            problem = load_problem(self.name)
            self.checked.name = problem.name
            self._folder(problem)
        if problem is None or not self.checked.ok:
            return self.checked
        with self._checking("statement"):
            self._statement(problem)
        with self._checking("prompts"):
            rehearse(Prompts(prompt_folders(problem, None)), problem)
        with self._checking("references"):
            problem = self._references(problem)
        if not self._costs(problem):
            return self.checked
        with self._bench(problem) as bench:
            self._measure(problem, bench)
        return self.checked

    def _measure(self, problem: Problem, bench: Bench) -> None:
        measured: dict[str, dict[str, Evaluation]] = {}
        for name, source in _programs(problem).items():
            with self._checking("programs"):
                measured[name] = self._program(problem, bench, name, source)
        self.checked.programs = len(_programs(problem))
        for name in [*measured][:2]:
            with self._checking("determinism"):
                self._twice(problem, bench, name, measured[name])
        if standings.INITIAL in measured and not problem.evaluator.self_scored:
            with self._checking("splits"):
                for text in overlaps(problem, measured[standings.INITIAL]):
                    self._fail("splits", text)
        if len(measured) == len(_programs(problem)) and not problem.evaluator.self_scored:
            with self._checking("standings"):
                self._standings(problem, measured)
        if problem.interface == "priority":
            for what, source in (("a random rule", RANDOM_RULE), ("a constant rule", CONSTANT_RULE)):
                with self._checking("any rule"):
                    self._tell(f"{problem.name}: {what} on train")
                    self._expect_valid(what, evaluate(problem, source, "train", bench.slot))

    @contextmanager
    def _checking(self, check: str) -> Iterator[None]:
        """Whatever goes wrong inside is a failure of this check, a mistake in the author's code included."""
        failures = self.checked.failures.setdefault(check, [])
        try:
            yield
        except SandboxError:
            raise
        except (EvaluationError, EvaluatorBug, ProblemError, PromptError, _Failed) as error:
            failures.append(str(error))
        except MISTAKES as error:
            failures.append(placed(error))

    def _fail(self, check: str, text: str) -> None:
        self.checked.failures.setdefault(check, []).append(text)

    def _folder(self, problem: Problem) -> None:
        self._tell(f"{problem.name}: loading")
        evaluator = problem.evaluator
        if problem.interface == "priority" and not evaluator.features:
            self._fail("folder", f"{type(evaluator).__name__} names no `features` for a priority rule to take")
        if problem.interface == "program" and not evaluator.self_scored:
            self._fail("folder", 'interface = "program" needs evaluator = "evaluators.self_scored:SelfScored"')
        for name in problem.functions:
            if lacking := [each for each in NEEDED[name] if getattr(type(evaluator), each) is getattr(Evaluator, each)]:
                asked = f'problem.toml asks for "{name}", for which {type(evaluator).__name__} must define'
                self._fail("folder", f"{asked} {' and '.join(lacking)}")
        if not problem.baselines and not evaluator.self_scored:
            self.checked.notes.append("there are no baselines: a search has nothing to beat but its initial program")
        if standings.INITIAL in problem.baselines:
            self._fail(
                "folder", f"baselines/{standings.INITIAL}.py: give it another name; the start of a search has that"
            )
        seen: dict[str, str] = {}
        for split in problem.splits:
            for instance in problem.instances(split):
                if instance.key in seen:
                    self._fail("folder", f"instances of {seen[instance.key]} and {split} share the key {instance.key}")
                    return
                seen[instance.key] = split

    def _statement(self, problem: Problem) -> None:
        path, features = problem.folder / "statement.md", [feature.name for feature in problem.evaluator.features]
        missing = [name for name in features if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", problem.statement)]
        if missing:
            raise _Failed(f"{path}: it does not name the features {', '.join(missing)}")
        if problem.interface == "priority":
            shown = re.search(r"def priority\(([^)]*)\)", problem.statement)
            names = re.findall(r"(\w+)\s*(?::[^,]*)?(?:=[^,]*)?(?:,|$)", shown[1]) if shown else []
            if unknown := [name for name in names if name not in features]:
                raise _Failed(f"{path}: the signature has {', '.join(unknown)}, which the evaluator does not offer")

    def _references(self, problem: Problem) -> Problem:
        """Check the stored references, or write them; the problem, loaded again if its references have changed."""
        self._tell(f"{problem.name}: references")
        problem.reference(problem.instances("train")[0])  # says so if the file is none of references
        if self._write_references:
            refresh(problem, tell=self._tell)
            problem = load_problem(self.name)
        if (problem.folder / "references.json").exists():
            for text in disagreements(problem, SAMPLE):
                self._fail("references", f"{text}; --references writes them anew")
        elif not problem.evaluator.self_scored:
            self.checked.notes.append("references are computed when they are needed; --references stores them")
        return problem

    def _costs(self, problem: Problem) -> bool:
        """Whether instances can be costed at all, stored references or not."""
        try:
            problem.reference(problem.instances("train")[0])
        except ProblemError:
            return False
        return True

    def _program(self, problem: Problem, bench: Bench, name: str, source: str) -> dict[str, Evaluation]:
        """A program on all splits."""
        measured, shown = {}, name if name == standings.INITIAL else f"baselines/{name}"
        for split in problem.splits:
            self._tell(f"{problem.name}: {shown} on {split}")
            try:
                evaluation = evaluate(problem, source, split, bench.slot)
            except EvaluatorBug as error:
                raise _Failed(f"{shown} on {split}: {error}") from None
            self._expect_valid(f"{shown} on {split}", evaluation)
            self._expect_finite(f"{shown} on {split}", evaluation)
            measured[split] = evaluation
        return measured

    def _standings(self, problem: Problem, measured: standings.Measured) -> None:
        """Check the stored standings, or write them."""
        if self._write_standings:
            standings.write(problem, measured, self.checked.seconds)
        elif (stored := standings.read(problem)) is not None:
            for text in standings.disagreements(stored, measured):
                self._fail("standings", f"{text}; --standings writes them anew")

    def _time(self, name: str, *evaluations: Evaluation) -> None:
        """Keep the shortest evaluation of the initial program: the first one waits for the sandbox to start."""
        if name == standings.INITIAL:
            self.checked.seconds = min(evaluation.seconds for evaluation in evaluations)

    def _expect_valid(self, what: str, evaluation: Evaluation) -> None:
        if (failure := evaluation.failure) is not None:
            where = f", instance {failure.instance}" if failure.instance else ""
            lines = failure.message.strip().splitlines() or [""]
            raise _Failed(f"{what}: {failure.kind}{where}: {' '.join(line.strip() for line in lines[:3])}")

    def _expect_finite(self, what: str, evaluation: Evaluation) -> None:
        for result in evaluation.results:
            if wrong := [name for name, value in result.metrics.items() if not math.isfinite(value)]:
                figure = f"{wrong[0]} is {result.metrics[wrong[0]]}"
                raise _Failed(f"{what}: instance {result.instance}: the further figure {figure}; leave it out there")

    def _twice(self, problem: Problem, bench: Bench, name: str, first: Mapping[str, Evaluation]) -> None:
        """The same figures from another process; a legal answer whatever the labels are."""
        source = _programs(problem)[name]
        every = name == standings.INITIAL and not problem.evaluator.self_scored
        again = {split: self._repeated(problem, bench, name, first[split]) for split in (first if every else ["train"])}
        self._tell(f"{problem.name}: {name} on train, with other labels")
        third = bench.again(source, "train", 1)
        self._expect_valid(f"{name} with other labels", third)
        self._time(name, first["train"], again["train"], third)

    def _repeated(self, problem: Problem, bench: Bench, name: str, first: Evaluation) -> Evaluation:
        """A program on a split in another process, where instances are made anew."""
        self._tell(f"{problem.name}: {name} on {first.split}, in another process")
        second = bench.again(_programs(problem)[name], first.split, 0)
        self._expect_valid(f"{name} in another process, on {first.split}", second)
        if [one.instance for one in first.results] != [one.instance for one in second.results]:
            raise _Failed(f"{name}: in another process the instances of {first.split} have other keys")
        costs = [(a.instance, a.cost, b.cost) for a, b in zip(first.results, second.results, strict=True)]
        differ = [each for each in costs if each[1] != each[2]]
        if differ:
            key, a, b = differ[0]
            counts = f"{len(differ)} of {len(costs)} costs differ"
            text = f"{name}: in another process {counts} on {first.split}, first {key}: {a:g} and {b:g}"
            if not problem.evaluator.self_scored:
                raise _Failed(f"{text}; seed everything random by the instance's key (hash() differs by process)")
            self.checked.notes.append(f"{text}: the evaluator scores a program differently each time")
        return second


class _Failed(Exception):
    """A check failed: one line."""


def _programs(problem: Problem) -> dict[str, str]:
    return {standings.INITIAL: problem.initial, **problem.baselines}


def signature(problem: Problem) -> str | None:
    """The entry function's first line, as the statement shows it."""
    shown = re.search(rf"^def {problem.interface}\(.*\).*:", problem.statement, re.MULTILINE)
    return shown[0].rstrip(":") if shown else None
