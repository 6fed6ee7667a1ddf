"""Tables for the terminal, from the same figures as JSON, cards and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from evaluators.evaluate import InstanceResult
from evaluators.problem import Problem
from evolve.figures import against, split_figures

NARROW = {"validation": "valid-\nation"}


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
    focus = "test" if "test" in splits else splits[-1] if splits else ""
    headline = [name for name in problem.evaluator.headline if _has(programs, focus, name)]
    first = next((program for program in programs if program.highlight), None)
    caption = f"gap: {problem.evaluator.scale}; lower is better. low..high: 95 % bootstrap interval of the mean."
    if first is not None:
        caption += f" Last column: mean difference to {first.name} on {focus}, its wins:losses by instance, p."
    table = Table(
        title=escape(title),
        caption=escape(caption),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
    )
    table.add_column("program", no_wrap=True)
    for split in splits:
        count = max(len(program.results[split]) for program in programs if split in program.results)
        table.add_column(f"{NARROW.get(split, split)}\nn={count}", justify="right", no_wrap=True)
        if split == focus:
            table.add_column("95 %\ninterval", no_wrap=True)
    for name in headline:
        table.add_column(name.replace("_", "\n"), justify="right", no_wrap=True)
    if first is not None:
        table.add_column(f"{first.name} against it\n{focus}", no_wrap=True)
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
        return [Text((program.failure or "not measured")[:30], style="dim"), *([Text("")] if interval else [])]
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
    p = f"p={test.p_value:.1g}" if test.p_value >= 0.001 else "p<.001"
    return Text(f"{test.difference:+.3g} {test.wins}:{test.losses} {p}")
