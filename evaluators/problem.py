"""A problem is a folder: problem.toml, statement.md, initial.py, baselines/*.py, README.md and references.json."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import sys
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evaluators import modules
from evaluators.protocol import Evaluator, Instance, Interface, Reference, located
from evaluators.protocol import ProblemError as ProblemError
from sandbox.session import Limits

SPLITS = ("train", "validation", "test", "ood")
REQUIRED_SPLITS = ("train", "validation", "test")


class ReferenceSource(BaseModel):
    """Where the references come from, for people: kind per split if they differ, source, date."""

    model_config = ConfigDict(extra="forbid")
    kind: str
    source: str


class Specification(BaseModel):
    """problem.toml."""

    model_config = ConfigDict(extra="forbid")
    title: str
    family: str
    interface: Interface
    accepts: list[Interface] = []
    evaluator: str = Field(pattern=r"^[\w.]+:\w+$")
    parameters: dict[str, Any] = {}
    splits: dict[Literal["train", "validation", "test", "ood"], dict[str, Any]]
    limits: dict[str, float] = {}
    reference: ReferenceSource
    paper_rule: str | None = None
    papers: list[str] = []
    image: str | None = None
    runtime: str | None = None


@dataclass(frozen=True)
class Problem:
    """A loaded problem. `baselines` maps a name to a program's source, the best-known order being the file order."""

    name: str
    folder: Path
    spec: Specification
    statement: str
    initial: str
    baselines: dict[str, str]
    _instances: dict[str, list[Instance]] = field(default_factory=dict, repr=False, compare=False)
    _references: dict[str, Reference] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def evaluator(self) -> Evaluator:
        """The problem's evaluator, made with the parameters of problem.toml."""
        module_name, class_name = self.spec.evaluator.split(":")
        where = f"{self.folder / 'problem.toml'}: evaluator = {self.spec.evaluator!r}"
        module = modules.load(module_name, self.folder, where)
        made = getattr(module, class_name, None)
        if not (isinstance(made, type) and issubclass(made, Evaluator)):
            raise ProblemError(f"{where}: {module_name} has no evaluator class {class_name}")
        try:
            evaluator = made(**self.spec.parameters)
        except TypeError as error:
            raise ProblemError(f"{where}: [parameters] do not fit: {error}") from None
        except Exception as error:
            raise ProblemError(f"{where}: {located(error)}") from None
        evaluator.folder = self.folder
        return evaluator

    @cached_property
    def limits(self) -> Limits:
        """What a candidate may use; `[limits]` of problem.toml over the defaults."""
        try:
            given: dict[str, Any] = {k: v if k.endswith("seconds") else int(v) for k, v in self.spec.limits.items()}
            return Limits(**given)
        except TypeError as error:
            raise ProblemError(f"{self.folder / 'problem.toml'}: [limits]: {error}") from None

    @property
    def interface(self) -> Interface:
        """What the search writes."""
        return self.spec.interface

    @property
    def functions(self) -> list[str]:
        """Entry functions that the sandbox looks for, the searched one first."""
        if self.spec.interface == "program":
            return ["solve"]
        return list(dict.fromkeys([self.spec.interface, *self.spec.accepts]))

    @property
    def entry_functions(self) -> list[str]:
        """Functions of which a candidate must define one; none where the evaluator wraps whole programs."""
        return [] if self.spec.interface == "program" else self.functions

    @property
    def splits(self) -> list[str]:
        """The problem's splits, in the usual order."""
        return [split for split in SPLITS if split in self.spec.splits]

    def instances(self, split: str) -> list[Instance]:
        """The instances of a split, made once."""
        if split not in self.spec.splits:
            raise ProblemError(f"{self.name} has no split {split!r}; it has: {', '.join(self.splits)}")
        if split not in self._instances:
            try:
                made = self.evaluator.instances(split, **self.spec.splits[split])
            except TypeError as error:
                raise ProblemError(f"{self.folder / 'problem.toml'}: [splits.{split}]: {error}") from None
            except ProblemError:
                raise
            except Exception as error:
                raise ProblemError(f"{self.folder / 'problem.toml'}: [splits.{split}]: {located(error)}") from None
            if not made:
                raise ProblemError(f"{self.folder / 'problem.toml'}: [splits.{split}] makes no instance")
            self._instances[split] = made
        return self._instances[split]

    def reference(self, instance: Instance) -> Reference:
        """The stored reference of an instance, or else the evaluator's, computed once."""
        if instance.key not in self._references:
            stored = self._stored_references.get(instance.key)
            try:
                made = Reference(float(stored[0]), *stored[1:]) if stored else self.evaluator.reference(instance)
            except Exception as error:
                raise ProblemError(f"{self.name}: the reference of {instance.key}: {located(error)}") from None
            self._references[instance.key] = made
        return self._references[instance.key]

    @cached_property
    def _stored_references(self) -> dict[str, list[Any]]:
        path = self.folder / "references.json"
        if not path.exists():
            return {}
        try:
            stored: dict[str, list[Any]] = json.loads(path.read_text())["instances"]
        except (ValueError, KeyError) as error:
            raise ProblemError(f"{path}: not a file of references ({error}); delete it to recompute them") from None
        return stored

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all that figures depend on: problem.toml, references, and the source of the evaluator with every
        module of the project and of the folder that it imports."""
        digest = hashlib.sha256()
        for path in (self.folder / "problem.toml", self.folder / "references.json", *self.evaluator.files()):
            digest.update(path.read_bytes() if path.exists() else b"")
        for source in modules.sources(sys.modules[type(self.evaluator).__module__]):
            digest.update(source)
        return digest.hexdigest()


def shipped_problems() -> Path:
    """The folder of the problems that come with the project, in a checkout or in an installed wheel."""
    checkout = Path(__file__).parent.parent / "problems"
    if checkout.is_dir():
        return checkout
    package = importlib.util.find_spec("evolve")
    return Path(str(package and package.origin)).parent / "_data" / "problems"


def problem_names() -> list[str]:
    """Names of the shipped problems."""
    return sorted(path.parent.name for path in shipped_problems().glob("*/problem.toml"))


def load_problem(name: str) -> Problem:
    """Load a shipped problem by name, or a folder by path. Raises ProblemError."""
    folder = shipped_problems() / name
    if os.sep in name or not (folder / "problem.toml").exists():
        folder = Path(name).expanduser().resolve()
    if not folder.is_dir():
        raise ProblemError(f"no problem {name!r}; shipped are: {', '.join(problem_names())} (or give a folder)")
    spec = _specification(folder / "problem.toml")
    statement = _read(folder / "statement.md", "what a model is told")
    if spec.interface != "program" and not re.search(rf"def {spec.interface}\(", statement):
        raise ProblemError(
            f"{folder / 'statement.md'}: the signature is missing; show the model a line 'def {spec.interface}(…)'"
        )
    initial = _read(folder / "initial.py", "the program that a search starts from")
    _compiles(initial, folder / "initial.py")
    baselines = {path.stem: _read(path, "a baseline") for path in sorted(folder.glob("baselines/*.py"))}
    for stem, source in baselines.items():
        _compiles(source, folder / "baselines" / f"{stem}.py")
    if spec.paper_rule and spec.paper_rule not in baselines:
        raise ProblemError(f"{folder / 'problem.toml'}: paper_rule: there is no baselines/{spec.paper_rule}.py")
    return Problem(folder.name, folder, spec, statement, initial, baselines)


def _specification(path: Path) -> Specification:
    text = _read(path, "what makes a folder a problem")
    try:
        spec = Specification.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ProblemError(f"{path}: not valid TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ProblemError(f"{path}: {where}: {first['msg'].lower()}") from None
    needed = ", ".join(REQUIRED_SPLITS)
    for split in REQUIRED_SPLITS:
        if split not in spec.splits:
            raise ProblemError(f"{path}: [splits.{split}] is missing; every problem needs {needed}")
    return spec


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ProblemError(f"{path} is missing: {what}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ProblemError(f"{path} cannot be read: {error}") from None


def _compiles(source: str, path: Path) -> None:
    try:
        compile(source, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise ProblemError(f"{path}: line {getattr(error, 'lineno', '?')}: {error.args[0]}") from None
