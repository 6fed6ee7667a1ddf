"""A card in Markdown: what the program is, who found it, its figures beside the baselines', and the program."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from evolve.cards import Card, Mean, Standing, budget_of, found_by, name_of, standings
from evolve.exporting._text import one_line
from evolve.exporting.base import Format
from evolve.figures import p_text

SHOWN = 12  # programs of a line of descent
SPECIAL = re.compile(r"([\\`*_\[\]#|~$])")


def markdown_card(card: Card, source: str) -> str:
    """The page of a card and its program. The latter is quoted as it is, everything else escaped."""
    rows = standings(card)
    parts = [
        f"# {escaped(card['problem'])}: {escaped(name_of(card))}",
        *([f"> {escaped(card['thought'])}"] if card.get("thought") else []),
        _about(card),
        "## Figures",
        f"Mean gap with its 95 % bootstrap interval; gap: {escaped(card['scale'])}; lower is better."
        + (" **The program scored itself: its figures can be forged.**" if card.get("self_scored") else ""),
        table(
            ["split", "n", "this program", "best baseline", "difference", "the paper's rule", "difference"],
            [_standing(one) for one in rows],
        ),
        "Differences are this program's mean gap minus the other's, with wins:losses by instance and the p value of a "
        "paired permutation test.",
        *_baselines(card, rows),
        "## Lineage",
        _lineage(card["provenance"].get("lineage") or ()),
        "## Program",
        fenced(source),
    ]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Text of others as Markdown that shows it as it is, in one line and without a tag."""
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return SPECIAL.sub(r"\\\1", plain)


def fenced(source: str) -> str:
    """A block of code, within a fence that the code does not hold."""
    longest = max((len(run) for run in re.findall(r"`+", source)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}python\n{source.strip()}\n{fence}"


def mean(one: Mean) -> str:
    """A mean gap with its interval."""
    low, high = one.interval
    return f"{one.gap:.4g} [{low:.3g}, {high:.3g}]".replace("[", "\\[").replace("]", "\\]")


def tested(found: Mapping[str, Any] | None, difference: float) -> str:
    """A difference with what its test says, or alone where the card has no test."""
    if found is None:
        return f"{difference:+.3g}"
    return f"{found['difference']:+.3g} ({found['wins']}:{found['losses']}, {escaped(p_text(found['p']))})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _about(card: Card) -> str:
    made = card["provenance"]
    facts = {
        "found by": found_by(card),
        "operator": made.get("operator"),
        "run": f"{made['run']}, seed {made.get('seed')}, strategy {made.get('strategy')}, budget {budget_of(card)}",
        "size": f"{card['size']} nodes of the syntax tree" if card.get("size") else None,
        "made": f"{made.get('published')}, evolve {made.get('evolve')}",
        "licence": "Apache-2.0",
        "SHA-256": card["sha256"],
    }
    return "\n".join(f"- {name}: {escaped(str(value))}" for name, value in facts.items() if value)


def _standing(one: Standing) -> list[str]:
    cells = [one.split, str(one.mine.instances), mean(one.mine)]
    for other, found in ((one.best, one.against_best), (one.paper, one.against_paper)):
        if other is None:
            cells += ["", ""]
        else:
            cells += [f"{escaped(other[0])} {mean(other[1])}", tested(found, one.mine.gap - other[1].gap)]
    return cells


def _baselines(card: Card, rows: Sequence[Standing]) -> list[str]:
    """Every baseline on every split, the best first on what matters most."""
    splits = [one.split for one in rows]
    gaps = {
        name: {split: float(of[split]["gap_mean"]) for split in splits if split in of}
        for name, of in (card.get("baselines") or {}).items()
    }
    if not gaps or not splits:
        return []
    focus = "test" if "test" in splits else splits[-1]
    gaps["**this program**"] = {one.split: one.mine.gap for one in rows}
    ordered = sorted(gaps, key=lambda name: (focus not in gaps[name], gaps[name].get(focus, 0.0)))
    cells = [
        [
            name if name.startswith("**") else escaped(name),
            *(f"{gaps[name][split]:.4g}" if split in gaps[name] else "" for split in splits),
        ]
        for name in ordered
    ]
    return [f"All baselines, the best on {focus} first:", table(["program", *splits], cells)]


def _lineage(line: Sequence[Mapping[str, Any]]) -> str:
    shown = list(line) if len(line) <= SHOWN else [line[0], None, *line[1 - SHOWN :]]
    left_out = len(line) - SHOWN
    rows = []
    for one in shown:
        if one is None:
            rows.append(f"- … {left_out} more")
            continue
        by = f" by {escaped(one['by'])}" if one.get("by") else ""
        gap = f", train {one['train']:.4g}" if one.get("train") is not None else ""
        rows.append(f"- {escaped(one['candidate'])}: {escaped(one['operator'])}{by}{gap}")
    return "\n".join(rows) or "Not recorded."


FORMAT = Format(".md", lambda subject: markdown_card(subject.card, subject.source))
