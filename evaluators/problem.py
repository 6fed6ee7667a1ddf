"""A problem is a folder: problem.toml, statement.md, initial.py, baselines/*.py, README.md and references.json."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
import os
import re
import sys
import tomllib
from dataclasses import dataclass, field, fields
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from evaluators import modules
from evaluators.mistakes import MISTAKES, placed
from evaluators.protocol import Evaluator, Instance, Interface, Reference
from evaluators.protocol import ProblemError as ProblemError
from sandbox.session import Limits

SPLITS = ("train", "validation", "test", "ood")
REQUIRED_SPLITS = ("train", "validation", "test")
KINDS = get_args(get_type_hints(Reference)["kind"])
MOST_SECONDS, MOST = 86_400, 1_048_576  # of a limit: what is more was no limit, or a slip


class ReferenceSource(BaseModel):
    """Where the references come from, for people: kind per split if they differ, source, date."""

    model_config = ConfigDict(extra="forbid")
    kind: str
    source: str

    @field_validator("kind")
    @classmethod
    def _is_named(cls, kind: str) -> str:
        if not re.search(r"\b(optim(al|um|a)|bounds?|best known|baselines?)\b", kind, re.IGNORECASE):
            raise ValueError(f"{kind!r} names no kind of reference; the kinds are: {', '.join(KINDS)}")
        return kind


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
        if lacking := sorted(made.__abstractmethods__):
            raise ProblemError(f"{where}: {class_name} lacks what every evaluator defines: {', '.join(lacking)}")
        try:
            evaluator = made(**self.spec.parameters)
        except TypeError as error:
            raise ProblemError(f"{where}: [parameters] do not fit: {error}") from None
        except MISTAKES as error:
            raise ProblemError(f"{where}: {placed(error)}") from None
        names = [feature.name for feature in evaluator.features]
        if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
            raise ProblemError(f"{where}: {class_name} has two features named {', '.join(twice)}")
        evaluator.folder = self.folder
        return evaluator

    @cached_property
    def limits(self) -> Limits:
        """What a candidate may use; `[limits]` of problem.toml over the defaults."""
        given: dict[str, Any] = {k: v if k.endswith("seconds") else int(v) for k, v in self.spec.limits.items()}
        return Limits(**given)

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
            except MISTAKES as error:
                raise ProblemError(f"{self.folder / 'problem.toml'}: [splits.{split}]: {placed(error)}") from None
            if wrong := _wrong_instances(made):
                raise ProblemError(f"{self.folder / 'problem.toml'}: [splits.{split}] {wrong}")
            self._instances[split] = made
        return self._instances[split]

    def reference(self, instance: Instance) -> Reference:
        """The stored reference of an instance, or else the evaluator's, computed once."""
        if instance.key not in self._references:
            stored = self._stored_references.get(instance.key)
            self._references[instance.key] = stored or self.computed_reference(instance)
        return self._references[instance.key]

    def computed_reference(self, instance: Instance) -> Reference:
        """What the evaluator says that an instance's reference is, whatever is stored."""
        try:
            made = self.evaluator.reference(instance)
        except MISTAKES as error:
            raise ProblemError(f"{self.name}: the reference of {instance.key}: {placed(error)}") from None
        if wrong := _wrong_reference(made):
            raise ProblemError(f"{self.name}: the reference of {instance.key}: {wrong}")
        return made

    @cached_property
    def _stored_references(self) -> dict[str, Reference]:
        return stored_references(self.folder / "references.json")

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all that figures depend on: problem.toml, references, and the source of the evaluator with every
        module that it imports, but for installed packages."""
        digest = hashlib.sha256()
        for path in (self.folder / "problem.toml", self.folder / "references.json", *self.evaluator.files()):
            digest.update(path.read_bytes() if path.exists() else b"")
        for source in modules.sources(sys.modules[type(self.evaluator).__module__]):
            digest.update(source)
        return digest.hexdigest()


def stored_references(path: Path) -> dict[str, Reference]:
    """The references in a file, by the keys of their instances; none if there is no file. Raises ProblemError."""
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))["instances"].items()
        stored = {key: Reference(float(value[0]), *value[1:]) for key, value in content}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ProblemError(f"{path}: not a file of references ({error}); delete it to recompute them") from None
    for key, reference in stored.items():
        if wrong := _wrong_reference(reference):
            raise ProblemError(f"{path}: {key}: {wrong}")
    return stored


def _wrong_reference(made: object) -> str | None:
    """What is wrong with what should be a reference; a kind that is misspelt would be one that is not proven."""
    if not isinstance(made, Reference):
        return f"it is a {type(made).__name__}; return Reference(value, kind)"
    if made.kind not in KINDS:
        return f"its kind is {made.kind!r}; the kinds are: {', '.join(KINDS)}"
    if not isinstance(made.value, Real) or not math.isfinite(made.value):
        return f"its value is {made.value!r}; it must be a finite number"
    if made.bound is not None and (not isinstance(made.bound, Real) or math.isnan(made.bound)):
        return f"its bound is {made.bound!r}; it must be a number, or None"
    return None


def _wrong_instances(made: object) -> str | None:
    """What is wrong with what should be the instances of a split."""
    if not isinstance(made, list | tuple):
        return f"makes a {type(made).__name__}; `instances` must return a list"
    for place, one in enumerate(made):
        if not isinstance(one, Instance):
            return f"makes a {type(one).__name__} at position {place}; `instances` must return a list of Instance"
        for name in ("key", "group"):
            if not isinstance(value := getattr(one, name), str):
                return f"makes an instance at position {place} whose {name} is {value!r}; it must be a string"
    return None if made else "makes no instance"


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
        raise ProblemError(f"{path}: {_first_of(error)}") from None
    for key, value in spec.limits.items():
        if wrong := _wrong_limit(key, value):
            raise ProblemError(f"{path}: [limits]: {key}{wrong}")
    needed = ", ".join(REQUIRED_SPLITS)
    for split in REQUIRED_SPLITS:
        if split not in spec.splits:
            raise ProblemError(f"{path}: [splits.{split}] is missing; every problem needs {needed}")
    return spec


def _first_of(error: ValidationError) -> str:
    """The first thing that is wrong, and which keys are unknown: what is missing may be one of them, misspelt."""
    found = error.errors()
    unknown = [".".join(map(str, one["loc"])) for one in found if one["type"] == "extra_forbidden"]
    first = next((one for one in found if one["type"] != "extra_forbidden"), None)
    texts = [f"unknown: {', '.join(unknown)}"] * bool(unknown)
    if first is not None:
        text = first["ctx"]["error"] if first["type"] == "value_error" else first["msg"].lower()
        texts.insert(0, f"{'.'.join(map(str, first['loc']))}: {text}")
    return "; ".join(texts)


def _wrong_limit(key: str, value: float) -> str | None:
    known = [field.name for field in fields(Limits)]
    if key not in known:
        return f" is unknown; there are: {', '.join(known)}"
    if key.endswith("seconds"):
        fits, expected = 0 < value <= MOST_SECONDS, f"a number above 0, at most {MOST_SECONDS}"
    else:
        fits, expected = 1 <= value <= MOST and value == int(value), f"a whole number from 1 to {MOST}"
    return None if fits else f" = {value:g}: give {expected}"


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
