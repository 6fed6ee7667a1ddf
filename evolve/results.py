"""The leaderboard of what is published in results/, from its cards alone, and its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evolve.cards import Card, CardError, Mean, Standing, found_by, name_of, read_card, standings
from evolve.exporting.markdown import escaped, markdown_card, mean, table
from evolve.figures import p_text

MADE_BY = "evolve results --write"
PAGE = f"""\
# Published results

Made by `{MADE_BY}`. The best programs found so far, one folder a problem, the best on validation first.
Beside each program (`.py`) stands its card, to be read (`.md`) and to be checked (`.json`): lineage, proposer, model,
budget, figures on every split beside every baseline, costs by instance, and the hashes that let

```sh
evolve verify
```

measure the programs and the rules that they are tested against again and name what differs. A result that no longer
verifies fails CI. `evolve publish CANDIDATE` adds one.

Gaps are means with 95 % bootstrap intervals over the instances, lower is better, on a scale of each problem's own
(`evolve problems show NAME`). The best baseline is that with the smallest mean gap on test. Differences on test are
the program's gap minus the other's, paired by instance, with the p value of a permutation test where the card has
one. Size: nodes of the syntax tree.
"""


@dataclass(frozen=True)
class Row:
    """A published program: what its card says of it, and where the card is."""

    path: Path
    card: Card

    @property
    def problem(self) -> str:
        return str(self.card["problem"])

    def on(self, split: str) -> Standing | None:
        """Its figures on a split, None where there are none."""
        return next((one for one in standings(self.card) if one.split == split), None)

    def as_json(self) -> dict[str, Any]:
        test, ood, validation = (self.on(split) for split in ("test", "ood", "validation"))
        best = test.best if test else None
        return {
            "problem": self.problem,
            "program": name_of(self.card),
            "found_by": found_by(self.card),
            "writer": found_by(self.card, brief=True),
            "self_scored": bool(self.card.get("self_scored")),
            "gap_validation": validation and validation.mine.gap,
            "gap_test": test and test.mine.gap,
            "gap_test_ci95": list(test.mine.interval) if test else None,
            "n_test": test and test.mine.instances,
            "best_baseline": best and best[0],
            "gap_best_baseline": best and best[1].gap,
            "difference": test.mine.gap - best[1].gap if test and best else None,
            "p": test.against_best["p"] if test and test.against_best else None,
            "gap_ood": ood and ood.mine.gap,
            "size": self.card.get("size"),
        }


def published(folder: Path) -> list[Row]:
    """What is published in a folder, by problem, the best on validation first. Raises CardError."""
    rows = [Row(path, read_card(path)) for path in sorted(folder.glob("*/*.json"))]

    def place(row: Row) -> tuple[str, bool, float]:
        validation = row.on("validation")
        return row.problem, validation is None, validation.mine.gap if validation else 0.0

    return sorted(rows, key=place)


def write(folder: Path, without: Sequence[str] = ()) -> None:
    """Write the page of a folder and the Markdown cards of all its programs anew. Raises CardError."""
    rows = published(folder)
    for row in rows:
        row.path.with_suffix(".md").write_text(card_page(row), encoding="utf-8")
    (folder / "README.md").write_text(page(rows, without), encoding="utf-8")


def card_page(row: Row) -> str:
    """The Markdown card of a published program. Raises CardError where the program is missing."""
    path = row.path.with_name(row.card["program"])
    try:
        return markdown_card(row.card, path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CardError(f"{path}: {error.strerror}") from None
    except UnicodeError:
        raise CardError(f"{path}: this is no text") from None


def page(rows: Sequence[Row], without: Sequence[str] = ()) -> str:
    """The page of a folder of results; without: problems that have none."""
    head = ["problem", "program", "found by", "n", "gap on test", "best baseline", "difference", "to the paper's rule"]
    head += ["gap on ood", "size"]
    left = f"\nNo program published yet: {', '.join(without)}.\n" if without else ""
    return PAGE + "\n" + table(head, [_cells(row) for row in rows]) + "\n" + left


def _cells(row: Row) -> list[str]:
    test, ood = row.on("test"), row.on("ood")
    name, card = name_of(row.card), row.card
    link = f"[{escaped(name)}]({row.problem}/{name}.md)" + (" (self-scored)" if card.get("self_scored") else "")
    cells = [escaped(row.problem), link, escaped(found_by(card))]
    if test is None:
        cells += [""] * 5
    else:
        cells += [str(test.mine.instances), mean(test.mine), _best(test.best)]
        cells += [_apart(test.best, test.mine, test.against_best), _paper(test)]
    return [*cells, mean(ood.mine) if ood else "", str(card.get("size") or "")]


def _best(best: tuple[str, Mean] | None) -> str:
    return f"{escaped(best[0])} {best[1].gap:.4g}" if best else ""


def _apart(other: tuple[str, Mean] | None, mine: Mean, test: Mapping[str, Any] | None) -> str:
    if other is None:
        return ""
    return f"{mine.gap - other[1].gap:+.3g}" + (f", {escaped(p_text(test['p']))}" if test else "")


def _paper(one: Standing) -> str:
    return f"{escaped(one.paper[0])} {_apart(one.paper, one.mine, one.against_paper)}" if one.paper else ""
