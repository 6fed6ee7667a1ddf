"""The page of a candidate: the program, what changed, its figures, its family, and the conversation that made it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evolve.archive import Archive
from evolve.figures import group_means
from evolve.records import Candidate
from evolve.review.formats import gap, money, seconds
from evolve.review.measured import Measured, baselines, measured, ranked, scale_of
from evolve.review.run import nav_of
from evolve.review.site import Page
from evolve.winner.report import report_of
from evolve.winner.telling import sentences

NEAR = 4  # baselines beside it
INITIAL = "initial"
CHILDREN = 200


def candidate_page(archive: Archive, candidate: Candidate, beside: str | None = None) -> Page:
    """The page of a candidate; `beside`: the id of the one that its program is compared with, by default its parent.

    Raises ArchiveError if there is no such program beside it.
    """
    run = archive.run(candidate.run)
    humans = baselines(archive, run.id)
    mine = measured(archive, candidate, mine=True)
    rules = [one for one in humans if one.id != mine.id]
    programs = _near([mine, *rules]) if mine.results else []
    known = sum(one.name != INITIAL for one in rules)
    report = report_of(archive, candidate)
    context = {
        "candidate": candidate,
        "by": candidate.proposer + (f" ({candidate.model})" if candidate.model else ""),
        "champion": candidate.id == run.champion,
        "facts": _facts(candidate, mine),
        "other": (other := _other(archive, candidate, beside)),
        "others": _others(candidate, humans, other),
        "standing": programs,
        "near": f"the best {NEAR} of {known} baselines" if known > NEAR else "",
        "splits": list(mine.results),
        "scale": scale_of(run),
        "classes": _classes(mine),
        "ablation": _ablation(report),
        "sentences": sentences(report) if report else [],
        "children": (children := archive.children(candidate.id))[:CHILDREN],
        "made": len(children),
        "conversation": _conversation(archive, candidate),
        "printed": [(n, t) for n, t in (("stdout", candidate.stdout), ("stderr", candidate.stderr)) if t],
    }
    title = f"{candidate.name or candidate.id}"
    return Page(f"/candidates/{candidate.id}", title, "candidate.html", context, nav_of(run))


def _near(programs: list[Measured]) -> list[Measured]:
    """The program among the initial one and the best baselines."""
    order = ranked(programs)
    rules = [one for one in order if not one.mine and one.name != INITIAL][:NEAR]
    return [one for one in order if one.mine or one.name == INITIAL or one in rules]


def _facts(candidate: Candidate, mine: Measured) -> list[tuple[str, str, str]]:
    facts = [
        (f"{split}, mean gap", gap(one.gap_mean), " … ".join(map(gap, one.gap_ci95)) + f", n = {one.instances}")
        for split, one in mine.figures.items()
    ]
    if not facts:
        facts = [(f"{split}, mean gap", gap(value), "") for split, value in candidate.gaps.items()]
    if candidate.size is not None:
        facts.append(("length", str(candidate.size), "nodes of its syntax tree"))
    if candidate.decision_seconds is not None:
        facts.append(("time on train", seconds(candidate.decision_seconds), "of the program alone"))
    if candidate.seconds is not None:
        facts.append(("evaluation", seconds(candidate.seconds), "simulator included"))
    return facts


def _other(archive: Archive, candidate: Candidate, beside: str | None) -> Candidate | None:
    id = beside or (candidate.parents[-1] if candidate.parents else None)
    return None if id is None else archive.candidate(id)


def _others(candidate: Candidate, humans: Sequence[Measured], other: Candidate | None) -> list[tuple[str, str, bool]]:
    """(id, title, chosen) of what the program may be compared with."""
    chosen = other.id if other is not None else ""
    found = [(id, f"parent {id}") for id in reversed(candidate.parents)]
    found += [(one.id, f"baseline {one.name}") for one in humans if one.id not in (*candidate.parents, candidate.id)]
    if other is not None and chosen not in [id for id, _ in found]:
        found.append((chosen, other.name or chosen))
    return [(id, title, id == chosen) for id, title in found]


def _classes(mine: Measured) -> list[tuple[str, dict[str, float]]]:
    means = {split: group_means(found) for split, found in mine.results.items()}
    names = list(dict.fromkeys(name for groups in means.values() for name in groups))
    return [(name, {split: groups[name] for split, groups in means.items() if name in groups}) for name in names]


def _ablation(report: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [
        {"term": row["term"], "train": row["train"], "validation": row["validation"]}
        for row in (report or {}).get("ablation", ())
    ]


def _conversation(archive: Archive, candidate: Candidate) -> list[dict[str, Any]]:
    if candidate.number <= 0:
        return []
    return [
        {
            "number": turn,
            "messages": messages if turn == 0 else messages[-1:],
            "reply": completion.reply,
            "error": completion.error or "",
            "model": completion.model or candidate.proposer,
            "input_tokens": completion.input_tokens,
            "cached_tokens": completion.cached_tokens,
            "output_tokens": completion.output_tokens,
            "cost_text": "price unknown" if completion.cost is None else money(completion.cost),
            "seconds": completion.seconds,
        }
        for turn, messages, completion in archive.completions(candidate.run, candidate.number)
    ]
