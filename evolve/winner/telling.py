"""A champion's report in words, and its terms in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from evaluators.evaluate import InstanceResult
from evolve.figures import worst_case
from evolve.winner.simplifying import SIGNIFICANT

SHOWN = 8  # terms


def sentences(report: Mapping[str, Any]) -> list[str]:
    """What was made of the champion, whether it can be told from the next best, and what other labels do to it."""
    lines = []
    if made := report.get("simplified"):
        (before, after), (was, now) = made["size"], made["validation"]
        text = f"Simplified from {made['from']}: {before} -> {after} nodes, validation {was:.4g} -> {now:.4g}"
        gone = made["removed"]
        lines.append(text + (f"; without: {', '.join(gone)}." if gone else "; constants rounded."))
    if test := report.get("runner_up"):
        low, high = test["interval"]
        verdict = "Better than" if test["p"] < SIGNIFICANT and test["difference"] < 0 else "Not distinguishable from"
        lines.append(
            f"{verdict} {test['against']}, the next best on validation: difference {test['difference']:+.3g} "
            f"[{low:.3g}, {high:.3g}], {test['wins']}:{test['losses']}, p = {test['p']:.2g}."
        )
    if found := report.get("relabelled"):
        valid = [gap for gap in found if gap is not None]
        if len(valid) == len(found):
            mean = sum(valid) / len(valid)
            lines.append(f"Validation with other labels, {len(found)} times: mean {mean:.4g}, worst {max(valid):.4g}.")
        else:
            lines.append(f"Fails on validation with other labels, {len(found) - len(valid)} of {len(found)} times.")
    return lines


def worst_line(results: Mapping[str, Sequence[InstanceResult]]) -> str:
    """The worst tenth and the worst instance, by split."""
    worst = {split: worst_case(found) for split, found in results.items() if found}
    parts = [f"{split} {one.decile:.4g} (worst: {one.gap:.4g} on {one.instance})" for split, one in worst.items()]
    return "Worst tenth of the instances: " + ", ".join(parts) + "."


def ablation_table(rows: Sequence[Mapping[str, Any]]) -> Table | None:
    """The most important terms; None where there is none."""
    if not rows:
        return None
    # a part that is gone with its whole, such as what something is divided by, says nothing more
    distinct = list({(row["train"], row["validation"]): row for row in reversed(rows)}.values())[::-1]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column(f"growth of the gap without a term ({min(SHOWN, len(distinct))} of {len(rows)})")
    table.add_column("train", justify="right", no_wrap=True)
    table.add_column("validation", justify="right", no_wrap=True)
    for row in distinct[:SHOWN]:
        gaps = ["fails" if row[split] is None else f"{row[split]:+.3g}" for split in ("train", "validation")]
        table.add_row(escape(row["term"]), *gaps)
    return table
