"""What a run is told: command-line options over a TOML file over defaults."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evolve import plugins
from evolve.budget import Limits
from sandbox.pool import backend_names

MUTATOR_CANDIDATES = 1500
MODEL_CANDIDATES = 100
PARALLEL = 4
BUDGETS = tuple(Limits.__annotations__)
MUTATIONS = 8


class ConfigError(Exception):
    """An option or a configuration file is not usable: one line that says which, and what to do."""


class RunConfig(BaseModel):
    """Everything needed to start a run again. None is the default that `completed` fills in."""

    model_config = ConfigDict(extra="forbid")
    problem: str
    models: list[str] = []
    base_url: str | None = None
    proposer: str | None = None
    strategy: str = "adaptive"
    candidates: int | None = Field(None, ge=1)
    calls: int | None = Field(None, ge=1)
    tokens: int | None = Field(None, ge=1)
    cost: float | None = Field(None, gt=0)
    evaluations: float | None = Field(None, gt=0)
    hours: float | None = Field(None, gt=0)
    parallel: int | None = Field(None, ge=1, le=1024)
    seed: int = 0
    sandbox: str = "auto"  # or a backend: a module of sandbox/backends/
    isolation: Literal["warm", "fresh"] = "warm"
    tuning: int | None = Field(None, ge=0)  # evaluations for better constants of a program that a model wrote
    repairs: int = Field(1, ge=0)  # calls for a program that failed
    mutations: int | None = Field(None, ge=0)  # programs of the mutator beside each that a model writes
    staged: bool | None = None  # evaluations may stop early; default: where they take long
    racing: bool = True  # …also where a program cannot come near its parents
    polish: bool = True  # at the end: tune the best, then simplify, ablate and relabel the champion
    temperature: float | None = Field(None, ge=0, le=2)
    timeout: float = Field(300.0, gt=0)  # seconds of one model call
    prompts: Path | None = None  # a folder whose templates come before the shipped ones
    exchange: Path | None = None  # where the exchange proposer puts its files; default exchange/<run>

    def completed(self) -> RunConfig:
        """The configuration with every default filled in, checked. Raises ConfigError."""
        proposer = self.proposer or ("openai" if self.models or self.base_url else "mutator")
        if proposer not in plugins.names("proposers"):
            raise ConfigError(f"--proposer {proposer}: there are: {', '.join(plugins.names('proposers'))}")
        if self.strategy not in plugins.names("strategies"):
            raise ConfigError(f"--strategy {self.strategy}: there are: {', '.join(plugins.names('strategies'))}")
        if self.sandbox not in (backends := ["auto", *backend_names()]):
            raise ConfigError(f"--sandbox {self.sandbox}: there are: {', '.join(backends)}")
        if proposer == "openai" and not self.models:
            raise ConfigError("--model is missing: name the model that writes the programs, or use --proposer mutator")
        if self.models and proposer != "openai":
            raise ConfigError(f"--model goes with --proposer openai, not with {proposer}")
        if self.base_url and proposer != "openai":
            raise ConfigError(f"--base-url goes with --model, not with --proposer {proposer}")
        if self.prompts is not None and not self.prompts.is_dir():
            raise ConfigError(f"prompts = {self.prompts}: no such folder")
        candidates = self.candidates
        if self.limits == Limits():
            candidates = MUTATOR_CANDIDATES if proposer == "mutator" else MODEL_CANDIDATES
        free = ("candidates", "evaluations", "hours")
        if proposer == "mutator" and candidates is None and all(getattr(self, name) is None for name in free):
            raise ConfigError("the mutator makes no calls, which cost nothing: give it --candidates, or another budget")
        # The same on every machine, so that the same seed is the same run on every machine.
        parallel = self.parallel or PARALLEL
        # The mutator has an operator for constants, and evaluations are all that it costs.
        tuning = 0 if self.tuning is None and proposer == "mutator" else self.tuning
        mutations = self.mutations
        if mutations is None:  # the strategies of papers do as they say
            mutations = MUTATIONS if proposer != "mutator" and self.strategy == "adaptive" else 0
        changes = {
            "proposer": proposer,
            "candidates": candidates,
            "parallel": parallel,
            "tuning": tuning,
            "mutations": mutations,
        }
        return self.model_copy(update=changes)

    @property
    def limits(self) -> Limits:
        """The run's budget."""
        return Limits(**{name: getattr(self, name) for name in BUDGETS})

    @property
    def workers(self) -> int:
        """Evaluator processes: as many as lives in flight, but no more than there are cores."""
        return min(self.parallel or 1, os.cpu_count() or 1)


def read_file(file: Path) -> dict[str, Any]:
    """The values of a configuration file."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"--config {file}: {error}") from None


def model_names(text: str) -> list[str]:
    """Names separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def archive_of(file: Path) -> str | None:
    """Where the runs of a configuration file are kept, if it says so. Raises ConfigError."""
    where = read_file(file).get("archive")
    if where is not None and not isinstance(where, str):
        raise ConfigError(f"archive (in {file}): input should be a path or a URL, got {where!r}")
    return where


def read_config(problem: str | None, file: Path | None, options: dict[str, Any]) -> RunConfig:
    """Merge a configuration file with the options that were given (those that are not None)."""
    values = read_file(file) if file is not None else {}
    values.pop("archive", None)  # where the run is kept is no part of it
    model = values.pop("model", None)
    if isinstance(model, str):
        values["models"] = model_names(model)
    elif isinstance(model, list) and all(isinstance(name, str) for name in model):
        values["models"] = model
    elif model is not None:
        raise ConfigError(f"model (in {file}): input should be a name, or a list of names, got {model!r}")
    given = {name: value for name, value in options.items() if value is not None}
    values |= given
    if problem is not None:
        values["problem"] = problem
    if "problem" not in values:
        raise ConfigError("no problem is named: evolve run PROBLEM; evolve problems list shows what there is")
    if values.get("models") and not values.get("base_url") and (url := os.environ.get("OPENAI_BASE_URL")):
        values["base_url"] = url
    try:
        return RunConfig.model_validate(values).completed()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        source = f" (in {file})" if file is not None and where not in given else ""
        raise ConfigError(f"{where}{source}: {first['msg'].lower()}, got {first.get('input')!r}") from None
