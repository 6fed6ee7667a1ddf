"""The page of a run: how good, how soon, by what, and at which cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evolve.archive import Archive, Usage
from evolve.archive.browsing import Glimpse
from evolve.figures import SplitFigures
from evolve.insight import AXES, Contribution, anytime, by_model, by_operator, endings, spent
from evolve.records import STATUSES, Call, Run
from evolve.review.charts.anytime import anytime as anytime_chart
from evolve.review.formats import count, gap, money, percent, seconds
from evolve.review.measured import (
    Measured,
    baselines,
    measured,
    problem_of,
    ranked,
    scale_of,
    splits_of,
    title_of,
    verdict,
)
from evolve.review.site import Page
from evolve.wallclock import sessions, within

COLOURS = {name: at for at, name in enumerate(("valid", "duplicate", "outraced", "invalid", "unparsed", "failed"))}
AXIS_TITLES = {**AXES, "seconds": "wall-clock of the search, s", "cost": "cost, US dollars"}
ORDER = ("calls", "cost", "seconds", "evaluations", "candidates")


def nav_of(run: Run) -> tuple[tuple[str, str], ...]:
    """The links in the head of a run's pages."""
    at = f"/runs/{run.id}"
    links = [(f"run {run.id}", at), ("candidates", f"{at}/candidates"), ("lineage", f"{at}/lineage")]
    if run.champion:
        links += [("against the baselines", f"/candidates/{run.champion}/comparison")]
        links += [("what it does differently", f"/candidates/{run.champion}/difference")]
    return (*links, (run.problem, f"/problems/{run.problem}"))


def run_page(archive: Archive, run: Run) -> Page:
    """The page of a run."""
    stamp = archive.stamp(run.id)  # first: what comes while the rest is read is then asked for again
    candidates, calls = archive.glimpses(run.id), archive.calls(run.id)
    usage = archive.usage(run.id)
    spans = sessions(archive, run.id)
    elapsed = within(spans)
    best = _best(run, candidates)
    mine = measured(archive, best, mine=True) if best is not None else None
    humans = [one for one in baselines(archive, run.id) if mine is None or one.id != mine.id]
    programs = [*humans, *([mine] if mine is not None and mine.results else [])]
    standing = ranked(programs)
    context = {
        "run": run,
        "problem_title": title_of(run),
        "scale": scale_of(run),
        "verdict": _verdict(run, best, mine, humans),
        "champion": best,
        "facts": _facts(candidates, usage, elapsed, mine.figures if mine else {}),
        "curves": _curves(run, candidates, calls, spans),
        "crowned": _crowned(run, candidates),
        "standing": standing if mine else [],
        "splits": splits_of(standing),
        "contributions": _contributions(candidates, calls),
        "endings": _endings(candidates),
        "budget": _budget(run, candidates, usage, elapsed),
        "configuration": [(k, v) for k, v in run.config.items() if v is not None],
        "stamp": stamp,
    }
    return Page(f"/runs/{run.id}", f"{run.problem} {run.id}", "run.html", context, nav_of(run))


def _best(run: Run, candidates: Sequence[Glimpse]) -> Glimpse | None:
    """The champion, which may be the initial program; while there is none, the best on train."""
    valid = [one for one in candidates if one.gap_train is not None and one.status == "valid"]
    found = [one for one in valid if one.number > 0]
    return _champion(run, valid) or min(found, key=lambda one: one.gap_train or 0.0, default=None)


def _verdict(run: Run, best: Glimpse | None, mine: Measured | None, humans: Sequence[Measured]) -> str:
    if best is None or mine is None:
        over = run.status == "finished"
        return "No candidate ran on every train instance." if over else "No candidate has been measured yet."
    kept = "The champion is the initial program itself. " if best.number == 0 else ""
    return kept + verdict(mine, humans)


def _facts(
    candidates: Sequence[Glimpse], usage: Usage, elapsed: float, figures: Mapping[str, SplitFigures]
) -> list[tuple[str, str, str]]:
    over = [one for one in candidates if one.proposed and one.status != "pending"]
    valid = sum(one.status == "valid" for one in over)
    facts = [
        (f"{split}, mean gap", gap(one.gap_mean), " … ".join(map(gap, one.gap_ci95)) + f", n = {one.instances}")
        for split, one in figures.items()
    ]
    facts.append(("candidates", count(len(over)), f"{percent(valid / len(over)) if over else '–'} valid"))
    if usage.calls:
        note = f"{count(usage.input_tokens + usage.output_tokens)} tokens, {_cost(usage)}"
        facts.append(("model calls", count(usage.calls), note))
    facts.append(("search", seconds(elapsed), "wall-clock in sessions"))
    return facts


def _cost(usage: Usage) -> str:
    answered, unpriced = usage.calls - usage.failed_calls, usage.unpriced_calls
    if unpriced and unpriced == answered:
        return "price unknown"
    rest = f", without {count(unpriced)} of {count(answered)} calls, whose price is unknown" if unpriced else ""
    return money(usage.cost) + rest


def _curves(
    run: Run, candidates: Sequence[Glimpse], calls: Sequence[Call], spans: Sequence[tuple[float, float]]
) -> list[dict[str, Any]]:
    if not any(one.told for one in candidates):
        return []
    steps = anytime(candidates, calls, spans)
    rules = {one.name or one.id: one.gap_validation for one in candidates if one.number < 0}
    known = {name: value for name, value in rules.items() if value is not None}
    problem = problem_of(run)
    paper = None if isinstance(problem, str) else problem.spec.paper_rule
    kept = _champion(run, candidates)
    champion = (kept.name or kept.id, kept.gap_validation) if kept and kept.gap_validation is not None else None
    tabs = []
    for axis in ORDER:
        used = [getattr(step, axis) for step in steps]
        if None not in used and max(used) > 0:
            spec = anytime_chart(steps, axis, AXIS_TITLES[axis], known, paper, champion)
            tabs.append({"axis": axis, "title": AXIS_TITLES[axis], "spec": spec})
    return tabs


def _crowned(run: Run, candidates: Sequence[Glimpse]) -> str:
    """What the picture's caption says of the champion's mark."""
    champion = _champion(run, candidates)
    if champion is None or champion.gap_validation is None:
        return ""
    if champion.number == 0:
        return "Diamond: the champion, which is the initial program, on validation."
    made = "" if champion.proposed else ", which the end of the run made of a candidate"
    return f"Diamond: the champion {champion.name or champion.id}, on validation{made}."


def _champion(run: Run, candidates: Sequence[Glimpse]) -> Glimpse | None:
    return next((one for one in candidates if one.id == run.champion and one.status == "valid"), None)


def _contributions(candidates: Sequence[Glimpse], calls: Sequence[Call]) -> list[tuple[str, list[Contribution]]]:
    """By operator; by writer, too, where there are several."""
    operators, writers = by_operator(candidates, calls), by_model(candidates, calls)
    tables = [("operator", operators)] if operators else []
    return [*tables, ("model or proposer", writers)] if len(writers) > 1 else tables


def _endings(candidates: Sequence[Glimpse]) -> list[dict[str, Any]]:
    """Statuses with how many ended so, and of which kinds failures were."""
    found: dict[str, dict[str, Any]] = {}
    before = 0.0
    for ending in endings(candidates):
        row = found.setdefault(
            ending.status,
            {
                "status": ending.status,
                "meaning": STATUSES[ending.status],
                "count": 0,
                "share": 0.0,
                "before": before,
                "colour": COLOURS.get(ending.status, len(COLOURS)),
                "kinds": [],
            },
        )
        row["count"] += ending.count
        row["share"] += ending.share
        row["kinds"] += [(ending.kind, ending.count)] if ending.kind else []
        before += ending.share
    return list(found.values())


def _budget(run: Run, candidates: Sequence[Glimpse], usage: Usage, elapsed: float) -> list[dict[str, Any]]:
    """What was used of what was given; without a limit only what was used."""
    names = {"cost": "cost", "hours": "wall-clock", "evaluations": "evaluations of all of train"}
    rows = []
    for one in spent(run.config, candidates, usage, elapsed):
        write = _WRITERS.get(one.name, count)
        if one.limit is not None or one.used or one.used is None:
            used = _cost(usage) if one.used is None else write(one.used)
            share = one.used / one.limit if one.limit and one.used is not None else None
            given = write(one.limit) if one.limit is not None else None
            rows.append({"name": names.get(one.name, one.name), "used": used, "given": given, "share": share})
    return rows


_WRITERS: dict[str, Callable[[float], str]] = {"cost": money, "hours": lambda hours: seconds(3600 * hours)}
