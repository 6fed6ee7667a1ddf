"""The cells of a bench: a problem, a contestant (strategy, proposer, variant) and a seed each, with its configuration.

A cell's run is found again in the archive by its configuration, so that a bench that was stopped goes on where it was,
and one that grows (another strategy, more seeds) runs only what is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from evaluators.problem import Problem, load_problem
from evolve import plugins
from evolve.archive import Archive, ArchiveError
from evolve.budget import Limits
from evolve.config import BUDGETS, ConfigError, RunConfig, model_names, read_config
from evolve.fitting import fitted
from evolve.pricing import price
from evolve.records import Run

PLAIN = "plain"  # the variant that changes nothing
EXTERNAL = "external"  # the variant of another engine's program
MUTATOR = "mutator"
COORDINATES = ("problem", "strategy", "seed", "proposer", "models")  # a variant cannot change them
OF_CALLS = ("calls", "tokens", "cost")

Changes = Mapping[str, str | None]  # by field of RunConfig; None: its default


@dataclass(frozen=True)
class Contestant:
    """What is compared. proposer: "mutator", or a model; an external engine's own name is its strategy."""

    strategy: str
    proposer: str
    variant: str = PLAIN


@dataclass(frozen=True)
class Cell:
    """One run of a bench."""

    problem: Problem
    contestant: Contestant
    seed: int
    config: RunConfig


@dataclass(frozen=True)
class Plan:
    """What is crossed; the budgets are the same to each cell."""

    problems: Sequence[str]
    strategies: Sequence[str]
    proposers: Sequence[str] = (MUTATOR,)
    variants: Mapping[str, Changes] = field(default_factory=dict)
    seeds: int = 5
    limits: Limits = field(default_factory=Limits)
    base_url: str | None = None
    sandbox: str = "auto"

    @property
    def budgets(self) -> list[str]:
        """The names of the budgets that are given."""
        return [name for name in BUDGETS if getattr(self.limits, name) is not None]

    def loaded(self) -> dict[str, Problem]:
        """The problems by what they were named, each once. Raises ProblemError or ConfigError."""
        problems = {name: load_problem(name) for name in dict.fromkeys(self.problems)}
        names = [problem.name for problem in problems.values()]
        if len(set(names)) < len(names):
            raise ConfigError(f"two of the problems have the same name: {', '.join(sorted(names))}")
        return problems

    def cells(self) -> list[Cell]:
        """All runs, seeds outermost: what is there after each seed can be compared already. Raises ConfigError."""
        self._check()
        configured = self._configured()
        return [
            Cell(problem, contestant, seed, config.model_copy(update={"problem": name, "seed": seed}))
            for seed, (name, problem), (contestant, config) in product(
                range(self.seeds), self.loaded().items(), configured.items()
            )
        ]

    def _configured(self) -> dict[Contestant, RunConfig]:
        """A configuration for each contestant. A variant that changes nothing of a proposer (tuning is off for the
        mutator anyway) is no contestant there."""
        found: dict[Contestant, RunConfig] = {}
        for strategy, proposer in product(self.strategies, self.proposers):
            options = self._options(strategy, proposer)
            plain = found[Contestant(strategy, proposer)] = read_config(self.problems[0], None, options)
            for variant, changes in self.variants.items():
                try:
                    config = read_config(self.problems[0], None, {**options, **changes})
                except ConfigError as error:
                    raise ConfigError(f"--variant {variant}: {error}") from None
                if config != plain:
                    found[Contestant(strategy, proposer, variant)] = config
        if idle := set(self.variants) - {contestant.variant for contestant in found}:
            raise ConfigError(f"--variant {', '.join(sorted(idle))}: changes nothing that the plain runs do not have")
        return found

    def _options(self, strategy: str, proposer: str) -> dict[str, Any]:
        budgets = {name: getattr(self.limits, name) for name in self.budgets}
        by: dict[str, Any] = {"proposer": MUTATOR}
        if proposer != MUTATOR:
            by = {"models": model_names(proposer), "base_url": self.base_url}
        # Searches are compared, not what the end of a run makes of any program; a variant may ask for it.
        return {"strategy": strategy, "sandbox": self.sandbox, "polish": False, **budgets, **by}

    def _check(self) -> None:
        known = plugins.names("strategies")
        if unknown := [name for name in self.strategies if name not in known]:
            raise ConfigError(f"--strategies {', '.join(unknown)}: there are: {', '.join(known)}")
        if not self.strategies:
            raise ConfigError(f"--strategies names none; there are: {', '.join(known)}")
        if not self.budgets:
            raise ConfigError(f"give each run a budget: {', '.join('--' + name for name in BUDGETS)}")
        if set(self.budgets) <= set(OF_CALLS) and MUTATOR in self.proposers:
            raise ConfigError("the mutator makes no calls: give --candidates, --evaluations or --hours, too")
        for model in (model for proposer in self.proposers if proposer != MUTATOR for model in model_names(proposer)):
            if self.budgets == ["cost"] and price(model, 1, 1, base_url=self.base_url) is None:
                raise ConfigError(f"the price of {model} is not known: give another budget than --cost, too")


def read_variant(text: str) -> tuple[str, Changes]:
    """NAME:key=value[,key=value]. Raises ConfigError."""
    name, colon, rest = text.partition(":")
    pairs = [pair.partition("=") for pair in rest.split(",")]
    if not name or not colon or not all(key and equals for key, equals, _ in pairs):
        raise ConfigError(f"--variant {text}: expected NAME:key=value[,key=value], for example no-tuning:tuning=0")
    if name in (PLAIN, EXTERNAL):
        raise ConfigError(f"--variant {text}: {name} means something else here; choose another name")
    possible = [key for key in RunConfig.model_fields if key not in COORDINATES]
    for key, _, _ in pairs:
        if key not in possible:
            raise ConfigError(f"--variant {text}: {key} cannot be changed; what can: {', '.join(possible)}")
    return name, {key.strip(): None if value.strip() == "none" else value.strip() for key, _, value in pairs}


def labels(contestants: Sequence[Contestant]) -> dict[Contestant, str]:
    """What each is called in tables: its strategy, and what else it takes to tell it from the others."""
    several = len({c.proposer for c in contestants if c.variant != EXTERNAL}) > 1
    short = {
        c: " · ".join(
            [
                c.strategy,
                *([c.proposer] if several and c.variant != EXTERNAL else []),
                *([c.variant] if c.variant not in (PLAIN, EXTERNAL) else []),
            ]
        )
        for c in contestants
    }
    if len(set(short.values())) == len(short):
        return short
    return {c: f"{c.strategy} · {c.proposer} · {c.variant}" for c in contestants}


def find_run(cell: Cell, archive: Archive) -> Run | None:
    """The cell's run, if the archive has one of this very configuration and state of the problem; a finished one
    before one that was stopped."""
    wanted = {**fitted(cell.config, cell.problem).model_dump(mode="json"), "problem": None}
    found = [
        run
        for run in archive.runs()
        if run.fingerprint == cell.problem.fingerprint
        and {**run.config, "problem": None} == wanted
        and _starts_alike(run, cell.problem, archive)
    ]
    return min(found, key=lambda run: run.status != "finished", default=None)


def _starts_alike(run: Run, problem: Problem, archive: Archive) -> bool:
    """Whether the run began from the problem's initial program, which the fingerprint leaves out."""
    try:
        return archive.candidate(f"{run.id}-0").source == problem.initial
    except ArchiveError:  # killed before it was measured
        return True
