"""The file of references of a problem: computed once, stored beside problem.toml, and checked by computing again.

references.json: {"made_by": ..., "date": ..., "instances": {key: [value, kind]}}; value, kind and, where the value
is not proven, a lower bound as a third: as in `protocol.Reference`.
"""

from __future__ import annotations

import datetime
import json
import math
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from evaluators.problem import Problem, stored_references
from evaluators.protocol import Instance, Reference

MADE_BY = "evaluators.references.refresh, from {evaluator}"


def compute(problem: Problem, instances: Iterable[Instance]) -> dict[str, Reference]:
    """What the evaluator says that each instance's reference is, whatever is stored."""
    return {instance.key: problem.computed_reference(instance) for instance in instances}


def refresh(
    problem: Problem, splits: Sequence[str] | None = None, tell: Callable[[str], None] = lambda line: None
) -> Path:
    """Compute the references of all instances of `splits` (default: all) and write references.json.

    Stored values of other splits are kept; those of instances that no longer exist are dropped. `tell` receives a line
    a split. May take minutes where the reference is an exact solution.
    """
    path = problem.folder / "references.json"
    stored = stored_references(path)
    made: dict[str, Reference] = {}
    for split in problem.splits:
        instances = problem.instances(split)
        if splits is None or split in splits:
            made |= compute(problem, instances)
            tell(f"{problem.name}: {split}: {len(instances)} references computed")
        else:
            made |= {instance.key: stored[instance.key] for instance in instances if instance.key in stored}
    if made != stored or not path.exists():
        _write(path, problem, made)
    return path


def disagreements(problem: Problem, sample: int | None = 3) -> list[str]:
    """What is wrong with references.json, one line each: nothing if all is well.

    Every instance must be there; of each split, `sample` instances spread over it (None: all) are computed again,
    unless the evaluator says that this is slow.
    """
    path = problem.folder / "references.json"
    stored = stored_references(path)
    wrong: list[str] = []
    for split in problem.splits:
        instances = problem.instances(split)
        wrong += [f"{path}: {i.key} ({split}) has no reference" for i in instances if i.key not in stored]
        if problem.evaluator.slow_reference and sample is not None:
            continue
        for key, now in compute(problem, _spread(instances, sample)).items():
            then = stored.get(key)
            if then is None:
                continue
            same = math.isclose(then.value, now.value, rel_tol=1e-9, abs_tol=1e-9)
            if then[1:] != now[1:] or not same:
                text = f"{path}: {key} ({split}) is stored as {then.value:g} ({then.kind})"
                wrong.append(f"{text} and computed as {now.value:g} ({now.kind})")
    return wrong


def _spread(instances: Sequence[Instance], sample: int | None) -> list[Instance]:
    if sample is None or sample >= len(instances):
        return list(instances)
    return [instances[(2 * i + 1) * len(instances) // (2 * sample)] for i in range(sample)]


def _short(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value


def _write(path: Path, problem: Problem, made: dict[str, Reference]) -> None:
    """One line an instance, and all or nothing."""
    lines = [
        f"  {json.dumps(key)}: {json.dumps([_short(r.value), r.kind, *([] if r.bound is None else [_short(r.bound)])])}"
        for key, r in made.items()
    ]
    head = {
        "made_by": MADE_BY.format(evaluator=problem.spec.evaluator),
        "date": datetime.date.today().isoformat(),
        "source": problem.spec.reference.source,
    }
    start = json.dumps(head, indent=1, ensure_ascii=False)[:-2]
    temporary = path.with_suffix(".json.new")
    temporary.write_text(start + ',\n "instances": {\n' + ",\n".join(lines) + "\n }\n}\n", encoding="utf-8")
    os.replace(temporary, path)
