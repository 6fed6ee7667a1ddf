"""The page that shows what a program does differently: one instance, played by it and by another, drawn above each
other, with the first decision where they part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators.evaluate import InstanceResult
from evaluators.parting import Parting, SideBySide, first_difference, side_by_side
from evaluators.problem import Problem
from evolve.archive import Archive
from evolve.figures import focus_of
from evolve.records import Candidate
from evolve.review.charts.drawings import drawings
from evolve.review.formats import gap
from evolve.review.measured import Measured, baselines, measured, problem_of, ranked
from evolve.review.playing import Playing
from evolve.review.run import nav_of
from evolve.review.site import BadAddress, Page, known, whole
from evolve.statements import meanings_of
from evolve.syntax.tree import entry, parse
from sandbox.session import Sandbox

# How programs are asked, by their entry function: decisions compare within one way alone.
WAYS = {"priority": "rule", "priorities": "rule", "decide": "decision", "solve": "all"}


@dataclass(frozen=True)
class Asked:
    """Which other program (by name), split and instance (by its place) to show; what is not given is chosen."""

    beside: str | None = None
    split: str | None = None
    instance: int | None = None


def asked_for(query: Mapping[str, str]) -> Asked:
    """What an address asks for: `beside`, `split`, and `instance` as SPLIT:PLACE, which counts on its own split alone
    (a form sends the one that was shown, also where another split was chosen). Raises BadAddress."""
    split, instance = query.get("split") or None, query.get("instance") or None
    place = None
    if instance is not None:
        on, _, at = instance.rpartition(":")
        place = whole(at, "the place of an instance")
        if on and split not in (None, on):
            place = None
        split = split or on or None
    return Asked(query.get("beside") or None, split, place)


def difference_page(
    archive: Archive, candidate: Candidate, playing: Playing, asked: Asked, several: bool = False
) -> Page:
    """A candidate beside another program on one instance, or (`several`) on its best and on its worst one.

    playing: opens a sandbox where there is something to play. Raises SandboxError, EvaluatorBug and BadAddress.
    """
    run = archive.run(candidate.run)
    mine = measured(archive, candidate, mine=True)
    rivals = {one.name: one for one in ranked(baselines(archive, run.id)) if one.id != candidate.id}
    parent = _parent(archive, candidate)
    if parent is not None:
        rivals.setdefault(parent.name, parent)
    beside = known(asked.beside or next(iter(rivals), None), rivals, "no measured program beside it is called")
    problem = problem_of(run)
    split = known(asked.split, mine.results, "it was not measured on") or focus_of(mine.results) or "train"
    context: dict[str, Any] = {
        "candidate": candidate,
        "beside": beside,
        "split": split,
        "position": asked.instance,
        "choices": None,
        "cases": [],
        "remark": problem if isinstance(problem, str) else None,
    }
    if isinstance(problem, Problem) and beside is not None and split in mine.results:
        rival = archive.candidate(rivals[beside].id)
        if problem.fingerprint != run.fingerprint:
            context["remark"] = "The problem has changed since this run: this may differ from what was measured."
        with playing(problem) as sandbox:
            context |= _shown(problem, candidate, mine, rival, rivals[beside], split, asked, sandbox, several)
        context["choices"] = {
            "programs": list(rivals),
            "splits": list(mine.results),
            "instances": list(enumerate(result.instance for result in mine.results[split])),
        }
    elif not context["remark"]:
        context["remark"] = "There is nothing to compare: no measured program stands beside it."
    path = f"/candidates/{candidate.id}/difference"
    return Page(path, f"what {mine.name} does differently", "difference.html", context, nav_of(run))


def _parent(archive: Archive, candidate: Candidate) -> Measured | None:
    if not candidate.parents:
        return None
    found = measured(archive, archive.candidate(candidate.parents[-1]))
    return found if found.results else None


def _shown(
    problem: Problem,
    candidate: Candidate,
    mine: Measured,
    rival: Candidate,
    theirs: Measured,
    split: str,
    asked: Asked,
    sandbox: Sandbox,
    several: bool,
) -> dict[str, Any]:
    own = mine.results[split]
    chosen = _chosen(own, theirs.results.get(split, ()))
    if asked.instance is not None and asked.instance >= len(own):
        raise BadAddress(f"{split} has {len(own)} instances: none is at place {asked.instance}")
    if asked.instance is not None:
        chosen = [(asked.instance, "the instance that was asked for")]
    elif not several:
        chosen = chosen[:1]
    cases = []
    for position, why in chosen:
        played = side_by_side(problem, candidate.source or "", rival.source or "", split, position, sandbox)
        asked_as = [_asked_as(problem, one) for one in (candidate, rival)]
        cases.append(_case(problem, mine, theirs, split, position, why, played, asked_as))
    return {"cases": cases, "position": chosen[0][0]}


def _chosen(own: Sequence[InstanceResult], theirs: Sequence[InstanceResult]) -> list[tuple[int, str]]:
    """Where it gains most, and where it loses most, against the other one; where it gains on none, the loss first."""
    gaps = {result.instance: result.gap for result in theirs}
    known = [(result.gap - gaps[result.instance], at) for at, result in enumerate(own) if result.instance in gaps]
    if not known:
        return [(0, "the first instance")]
    best, worst = min(known), max(known)
    if best[0] == worst[0] == 0:
        return [(best[1], "it neither gains nor loses on any instance")]
    gains = "where it gains most" if best[0] < 0 else "where it loses least"
    loses = "where it loses most" if worst[0] > 0 else "where it gains least"
    chosen = [(at, f"{said}: {change:+.3g} in gap") for (change, at), said in ((best, gains), (worst, loses))]
    if best[0] >= 0:  # an instance on which nothing changes would show nothing
        chosen.reverse()
    return chosen if best[1] != worst[1] else chosen[:1]


def _asked_as(problem: Problem, candidate: Candidate) -> str | None:
    """The name of the function that the simulator calls, None where the text does not tell."""
    if problem.interface == "program":  # it is wrapped, whatever it defines
        return "solve"
    try:
        found = entry(parse(candidate.source or ""))
    except SyntaxError:
        return None
    return found.name if found is not None else None


def _case(
    problem: Problem,
    mine: Measured,
    theirs: Measured,
    split: str,
    position: int,
    why: str,
    played: SideBySide,
    asked_as: Sequence[str | None],
) -> dict[str, Any]:
    result = mine.results[split][position]
    rows = [
        {"name": one.name, "mine": one.mine, "cost": cost, "gap": _gap(one, split, result.instance)}
        for one, cost in ((mine, played.cost), (theirs, played.rival_cost))
    ]
    failures = [(mine.name, played.failure), (theirs.name, played.rival_failure)]
    shown = ((mine, played.cost, played.drawing), (theirs, played.rival_cost, played.rival_drawing))
    measure = problem.evaluator.measure
    pairs = [(f"{one.name}: {gap(cost)} ({measure})", drawing) for one, cost, drawing in shown if drawing is not None]
    parted = None
    if played.drawing is not None and played.rival_drawing is not None:
        parted = first_difference(played.drawing, played.rival_drawing)
    return {
        "instance": result.instance,
        "group": result.group,
        "split": split,
        "why": why,
        "rows": rows,
        "measure": measure,
        "failure": "; ".join(f"{name} fails: {text}" for name, text in failures if text),
        "spec": drawings(pairs, parted) if pairs else None,
        "caption": f"{mine.name} above, {theirs.name} below, on the same axes.",
        "parting": _parting(problem, mine.name, theirs.name, played.parting) if played.parting else None,
        "alike": _alike(list(zip((mine.name, theirs.name), asked_as, strict=True)), parted),
    }


def _gap(program: Measured, split: str, instance: str) -> float | None:
    return next((one.gap for one in program.results.get(split, ()) if one.instance == instance), None)


def _alike(programs: Sequence[tuple[str, str | None]], parted: float | None) -> str:
    """Why no decision is shown, by the names of both programs and of their entry functions."""
    ways = {WAYS.get(function or "") for _, function in programs}
    if len(ways) > 1 and None not in ways:
        said = " and ".join(f"{name} by its function {function}" for name, function in programs)
        return f"They are asked in different ways, {said}: their decisions cannot be set side by side."
    if "all" in ways:
        return "The programs decide all at once: there is no first decision to compare."
    return "They take the same decisions here." if parted is None else "They take the same first decisions."


def _parting(problem: Problem, mine: str, theirs: str, parting: Parting) -> dict[str, Any]:
    features = {feature.name: feature.description for feature in problem.evaluator.features}
    meanings = {**meanings_of(problem.statement), **features}
    if parting.features:
        rows = [
            {"feature": name, "meaning": meanings.get(name), "cells": [_value(parting.mine[name]), _value(value)]}
            for name, value in parting.theirs.items()
            if name in parting.mine
        ]
        rows += [
            {"feature": name, "meaning": meanings.get(name), "cells": [_value(value)] * 2}
            for name, value in dict(parting.seen or {}).items()
        ]
        tied = parting.tied
        caption = "Features of the item that each rule puts first" + (
            f"; {tied[0]} and {tied[1]} items share their smallest values." if max(tied) > 1 else "."
        )
        return {"step": parting.step, "columns": [f"{mine} takes", f"{theirs} takes"], "rows": rows, "caption": caption}
    rows = [{"feature": "answer", "meaning": None, "cells": [_value(parting.mine), _value(parting.theirs)]}]
    seen = parting.seen if isinstance(parting.seen, Mapping) else {"observation": parting.seen}
    rows += [
        {"feature": name, "meaning": meanings.get(name), "cells": [_value(value)] * 2} for name, value in seen.items()
    ]
    caption = "Both were asked the same, and answered differently."
    return {"step": parting.step, "columns": [mine, theirs], "rows": rows, "caption": caption}


def _value(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
