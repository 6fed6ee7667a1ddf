"""Tables for the terminal, from the same figures as JSON, cards and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from evaluators.evaluate import InstanceResult
from evaluators.problem import Problem
from evolve.figures import against, focus_of, p_text, split_figures
from evolve.insight import Contribution, Ending, Spent, classes, classes_versus
from evolve.sparklines import bar
from evolve.visible import visible

NARROW = {"validation": "valid-\nation"}
MOST_CLASSES = 40
ROOM_FOR_OOD = 100  # columns of a terminal


@dataclass(frozen=True)
class Program:
    """A row: a name, who made it, its results by split, and how it failed if it did."""

    name: str
    origin: str
    results: Mapping[str, Sequence[InstanceResult]]
    failure: str | None = None
    highlight: bool = False


def standing_table(programs: Sequence[Program], splits: Sequence[str], problem: Problem, title: str) -> Table:
    """Mean gaps on each split; on the one that matters most (test where it was measured) with 95 % interval, the
    problem's headline metrics, and a paired test of the highlighted row against each other one. Best first."""
    splits = [split for split in splits if any(split in program.results for program in programs)]
    focus = focus_of(splits) or ""
    headline = [name for name in problem.evaluator.headline if _has(programs, focus, name)]
    first = next((program for program in programs if program.highlight), None)
    caption = f"gap: {problem.evaluator.scale}; lower is better. low..high: 95 % bootstrap interval of the mean."
    if first is not None:
        caption += f" Last column: mean difference to {first.name} on {focus}, its wins:losses by instance, p."
    if headline and (problem.folder / "README.md").exists():
        caption += f" {', '.join(headline)}: see the problem's README.md."
    for program in programs:
        if program.failure is not None:
            caption += f"\n{program.name} is invalid: {visible((program.failure.strip().splitlines() or [''])[0], 500)}"
    table = plain_table(title, caption)
    table.add_column("program", no_wrap=True)
    for split in splits:
        count = max(len(program.results[split]) for program in programs if split in program.results)
        table.add_column(f"{NARROW.get(split, split)}\nn={count}", justify="right", no_wrap=True)
        if split == focus:
            table.add_column("95 %\ninterval", no_wrap=True)
    for name in headline:
        table.add_column(name.replace("_", "\n"), justify="right", no_wrap=True)
    if first is not None:
        table.add_column(f"{first.name} against it\n{focus}", overflow="fold")
    for program in sorted(programs, key=lambda program: _order(program, focus)):
        cells = [Text(program.name)]
        for split in splits:
            cells += _gap(program, split, split == focus)
        cells += [_metric(program, focus, name) for name in headline]
        if first is not None:
            cells.append(_against(program, first, focus))
        table.add_row(*cells, style="bold green" if program.highlight else None)
    return table


def _has(programs: Sequence[Program], split: str, metric: str) -> bool:
    return any(metric in result.metrics for program in programs for result in program.results.get(split, ()))


def _order(program: Program, focus: str) -> tuple[bool, float]:
    results = program.results.get(focus)
    return (not results, split_figures(focus, results).gap_mean if results else 0.0)


def _gap(program: Program, split: str, interval: bool) -> list[Text]:
    results = program.results.get(split)
    if not results:
        said = "invalid" if program.failure else "not measured"
        return [Text(said, style="dim"), *([Text("")] if interval else [])]
    figures = split_figures(split, results)
    low, high = figures.gap_ci95
    return [Text(f"{figures.gap_mean:.4g}"), *([Text(f"{low:.3g}..{high:.3g}", style="dim")] if interval else [])]


def _metric(program: Program, split: str, name: str) -> Text:
    results = program.results.get(split)
    value = split_figures(split, results).metrics.get(name) if results else None
    return Text("" if value is None else f"{value:.3g}")


def _against(program: Program, first: Program, split: str) -> Text:
    mine, theirs = first.results.get(split), program.results.get(split)
    if program is first or not mine or not theirs:
        return Text("")
    test = against(split, mine, program.name, theirs)
    return Text(f"{test.difference:+.3g} {test.wins}:{test.losses} {p_text(test.p_value)}")


def results_table(rows: Sequence[Mapping[str, Any]], width: int) -> Table:
    """What is published (rows of `evolve.results.Row.as_json`), two lines each; width: of the terminal, in columns."""
    wide = width >= ROOM_FOR_OOD
    caption = (
        "gap: mean on test with its 95 % interval; below the best baseline: the difference to it, p of a paired test"
    )
    table = plain_table(caption=caption)
    table.add_column("problem, program, found by", overflow="fold")
    for heading in ("gap", "best baseline", *(("ood", "size") if wide else ())):
        table.add_column(heading, justify="right", overflow="fold")
    for row in rows:
        name = f"{row['problem']}\n  {row['program']}, {row['writer']}"
        name += "\n  self-scored" if row["self_scored"] else ""
        gap = "" if row["gap_test"] is None else "{:.4g}\n{:.3g}..{:.3g}".format(row["gap_test"], *row["gap_test_ci95"])
        best = "" if row["best_baseline"] is None else f"{row['best_baseline']} {row['gap_best_baseline']:.4g}"
        apart = "" if row["difference"] is None else f"\n{row['difference']:+.3g}"
        apart += "" if row["p"] is None else f", {p_text(row['p'])}"
        ood = "" if row["gap_ood"] is None else f"{row['gap_ood']:.4g}"
        table.add_row(*map(Text, (name, gap, best + apart, *((ood, str(row["size"] or "")) if wide else ()))))
    return table


def spent_line(rows: Sequence[Spent]) -> str:
    """What a run has used of its budget; what has no limit only where something was used."""
    parts = []
    for row in rows:
        if row.limit is None and not row.used:
            continue
        used = "unknown" if row.used is None else f"{row.used:,.4g}" if row.used < 1e6 else f"{row.used:,.0f}"
        unit = row.unit if row.name in ("cost", "hours") else row.name
        parts.append(used + (f" of {row.limit:,.6g}" if row.limit is not None else "") + f" {unit}")
    return " · ".join(parts) or "nothing"


def ending_table(rows: Sequence[Ending]) -> Table:
    """How candidates ended, with bars."""
    table = plain_table()
    table.add_column("ended", no_wrap=True)
    table.add_column("count", justify="right")
    table.add_column("share", justify="right")
    table.add_column("", no_wrap=True)
    table.add_column("meaning")
    most = max((row.share for row in rows), default=0.0)
    for row in rows:
        name = f"{row.status}: {row.kind}" if row.kind else row.status
        table.add_row(Text(name), str(row.count), f"{row.share:.0%}", bar(row.share, most, 10), row.meaning)
    return table


def contribution_table(rows: Sequence[Contribution], heading: str) -> Table:
    """What operators or models contributed, the largest gain first."""
    paid = any(row.calls for row in rows)
    caption = "improved: lowered the best gap on train when told; gain: by how much in all; valid: new and ran"
    table = plain_table(caption=caption)
    table.add_column(heading, no_wrap=True)
    for name in ("candidates", "valid", "improved", "gain", "best", *(("calls", "tokens", "$") if paid else ())):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        cells = [str(row.candidates), f"{row.valid_share:.0%}", str(row.improvements), f"{row.gain:.4g}"]
        cells.append("" if row.best is None else f"{row.best:.4g}")
        if paid:
            cells += [str(row.calls), f"{row.tokens:,}", "unknown" if row.cost is None else f"{row.cost:.4f}"]
        table.add_row(Text(row.name), *cells)
    return table


def class_table(split: str, results: Sequence[InstanceResult], scale: str | None = None) -> Table | None:
    """A program's gap by class of instances, with bars; None where there is one class, or more than anyone reads."""
    rows = classes(results)
    if not 1 < len(rows) <= MOST_CLASSES:
        return None
    table = plain_table(f"{split}, by class of instances", scale and f"gap: {scale}; lower is better")
    table.add_column("class")
    table.add_column("n", justify="right")
    table.add_column("mean gap", justify="right", no_wrap=True)
    table.add_column("95 % interval", no_wrap=True)
    table.add_column("", no_wrap=True)
    most = max(row.mean for row in rows)
    for row in rows:
        low, high = row.interval
        interval = f"{low:.3g}..{high:.3g}"
        table.add_row(Text(row.name), str(row.instances), f"{row.mean:.4g}", interval, bar(row.mean, most, 12))
    return table


def against_table(
    split: str, name: str, mine: Sequence[InstanceResult], rules: Mapping[str, Sequence[InstanceResult]]
) -> Table:
    """A program against others on their common instances, the best of them first."""
    table = plain_table(
        f"{name} against the baselines on {split}", "difference: its mean gap minus theirs; paired test"
    )
    table.add_column("baseline", no_wrap=True)
    for heading in ("mean gap", "difference", "95 % interval", "wins:ties:losses", "p"):
        table.add_column(heading, justify="right", no_wrap=True)
    tests = {other: against(split, mine, other, theirs) for other, theirs in rules.items()}
    for other in sorted(tests, key=lambda other: -tests[other].difference):
        test, gaps = tests[other], [result.gap for result in rules[other]]
        low, high = test.interval
        score = f"{test.wins}:{test.ties}:{test.losses}"
        interval = f"{low:+.3g}..{high:+.3g}"
        cells = (f"{sum(gaps) / len(gaps):.4g}", f"{test.difference:+.3g}", interval, score, p_text(test.p_value))
        table.add_row(Text(other), *cells)
    return table


def versus_table(split: str, first: Program, second: Program) -> Table | None:
    """Two programs class by class; None where there is one class, or more than anyone reads."""
    rows = classes_versus(split, first.results[split], second.name, second.results[split])
    if not 1 < len(rows) <= MOST_CLASSES:
        return None
    table = plain_table(f"{first.name} against {second.name} on {split}, by class of instances")
    table.add_column("class")
    for heading in ("n", first.name, second.name, "difference", "95 % interval", "wins:ties:losses"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        low, high = row.test.interval
        score = f"{row.test.wins}:{row.test.ties}:{row.test.losses}"
        cells = (f"{row.mine:.4g}", f"{row.theirs:.4g}", f"{row.test.difference:+.3g}", f"{low:+.3g}..{high:+.3g}")
        table.add_row(Text(row.name), str(row.instances), *cells, score)
    return table


def versus_line(split: str, first: Program, second: Program) -> str:
    """The paired test of two programs in words."""
    test = against(split, first.results[split], second.name, second.results[split])
    low, high = test.interval
    return (
        f"{first.name} against {second.name} on {split}: difference {test.difference:+.3g} [{low:+.3g}, {high:+.3g}], "
        f"{test.wins} wins, {test.ties} ties, {test.losses} losses, {p_text(test.p_value)}"
    )


def plain_table(title: str | None = None, caption: str | None = None) -> Table:
    """An empty table in the style of all of them."""
    return Table(
        title=title and escape(title),
        caption=caption and escape(caption),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
    )
