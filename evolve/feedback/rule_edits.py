"""Assignments for priority rules: edits of a formula in terms of the problem's features and the formula's terms."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Mapping, Sequence

from evaluators.protocol import Feature
from evolve.feedback.values import figure, line
from evolve.syntax.expression import Expression

LONGEST = 70  # characters of a term that is quoted

# A model that is told of "a constant c" writes c; a number is written as it stands, and tuned later.
SMALL = ("0.05", "0.1", "0.2", "0.5", "(-0.05)", "(-0.1)", "(-0.2)")
WEIGHTS = ("0.3", "0.5", "0.7", "1.5", "2", "3")

FORMS = (
    "as a weighted sum of them",
    "as a quotient: one of them over the sum of the others and 1",
    "as the larger (max) of two terms made of them",
    "as the smaller (min) of two terms made of them",
    "as a product: one of them times (1 + 0.2 * another / max(the last, 1))",
    "as two cases: where the first of them is above twice the second, and elsewhere",
)


class _Edits:
    """Draws edits of the last rule. A scalar is the same for all items, so that it only matters beside a column.

    used: the names that the programs shown use; levels: of some features a value at which they matter."""

    def __init__(
        self,
        features: Sequence[Feature],
        rules: Sequence[Expression],
        used: Collection[str],
        levels: Mapping[str, float],
        rng: random.Random,
    ) -> None:
        self.rng, self.rules, self.used, self.levels = rng, rules, used, levels
        self.features = {feature.name: feature for feature in features}
        self.columns = [feature.name for feature in features if not feature.scalar]
        self.scalars = [feature.name for feature in features if feature.scalar]

    def draw(self, names: Sequence[str], unlike: Collection[str] = ()) -> str:
        """A feature, one that no program shown uses before the others."""
        pool = [name for name in names if name not in unlike] or list(names)
        fresh = [name for name in pool if name not in self.used]
        return self.rng.choice(fresh or pool)

    def told(self, name: str) -> str:
        what = line(self.features[name].description, 90)
        unused = "; no program above uses it" if self.used and name not in self.used else ""
        return f"`{name}` ({what}{unused})"

    def term(self, rule: Expression) -> str:
        """A term of a rule, quoted; the rule's value where it has none that is short enough."""
        texts = _terms(rule)
        return f"the term `{self.rng.choice(texts)}`" if texts else "the value"

    def mutate(self) -> str:
        kinds: list[Callable[[], str]] = [self._add, self._add, self._scale, self._bound, self._divide, self._swap]
        kinds += [self._case, self._case] if self.scalars else [self._case]
        return self.rng.choice(kinds)()

    def _add(self) -> str:
        sign = self.rng.choice(("plus", "minus"))
        weight = self.rng.choice(("0.05", "0.1", "0.2", "0.5", "1"))
        name = self.draw(self.columns)
        return f"Add a term to the formula: {sign} {weight} times {self.told(name)}, scaled so that it matters."

    def _scale(self) -> str:
        name = self.draw([*self.columns, *self.scalars])
        other = self.draw([*self.columns, *self.scalars], (name,))
        return (
            f"Multiply {self.term(self.rules[-1])} by (1 + {self.rng.choice(SMALL)} * {name} / max({other}, 1)). "
            f"{name}: {line(self.features[name].description, 80)}."
        )

    def _bound(self) -> str:
        kind, name = self.rng.choice(("max", "min")), self.draw(self.columns)
        term = self.term(self.rules[-1])
        weight = self.rng.choice(WEIGHTS)
        return f"Replace {term} by {kind}(that, {weight} * {name}). Here {self.told(name)}."

    def _divide(self) -> str:
        name = self.draw([*self.columns, *self.scalars])
        return f"Divide {self.term(self.rules[-1])} by max({name}, 1), where {self.told(name)}; correct the weights."

    def _swap(self) -> str:
        old = sorted(self.rules[-1].names & self.features.keys())
        name = self.draw(self.columns, old)
        if not old:
            return self._add()
        return f"In one place, take {self.told(name)} instead of `{self.rng.choice(old)}`, or the mean of both."

    def _case(self) -> str:
        where, meaning = self.condition()
        return (
            f"Make two cases: where {where}, change the weight or the sign of {self.term(self.rules[-1])}; elsewhere, "
            f"keep the formula. {meaning}"
        )

    def condition(self) -> tuple[str, str]:
        """Where a value is above some level, and what the value is. A model that is told of a threshold of its choice
        takes the threshold for one more value that it gets."""
        known = [name for name in self.scalars if name in self.levels] or [n for n in self.columns if n in self.levels]
        name = self.draw(known or self.columns)
        level = (
            figure(self.levels[name]) if known else f"{self.rng.choice(WEIGHTS)} * {self.draw(self.columns, (name,))}"
        )
        return f"{name} > {level}", f"Here {self.told(name)}."

    def explore(self) -> str:
        first = self.draw(self.columns)
        second = self.draw(self.columns, (first,))
        chosen = [first, second]
        pool = [name for name in (*self.columns, *self.scalars) if name not in chosen]
        if pool:
            chosen.append(self.draw(pool))
        names = ", ".join(self.told(name) for name in dict.fromkeys(chosen))
        return f"Build the formula on these values: {names}. Write it {self.rng.choice(FORMS)}."

    def combine(self) -> str:
        """With a term that the last program does not have: told to bring in what is there, a model changes nothing."""
        first, last = self.rules[0], self.rules[-1]
        whole = [str(first)] if len(str(first)) <= LONGEST else []
        own = {_form(text) for text in (*_terms(last), str(last))}
        foreign = [text for text in _terms(first) or whole if _form(text) not in own]
        if not foreign:
            return self.mutate()
        term = self.rng.choice(foreign)
        part = f"{self.rng.choice(WEIGHTS)} * {term}" if term.isidentifier() else f"({term})"
        bound = self.rng.choice(("max", "min"))
        where, _ = self.condition()
        how = self.rng.choice(
            (
                f"add {part} to its formula, or subtract it",
                f"replace {self.term(self.rules[-1])} by {bound}(that, {part})",
                f"add {part} where {where}",
            )
        )
        return f"Program 1 has the term `{term}`, which the last program has not. In the last program, {how}."

    def tune(self) -> str | None:
        rule = self.rules[-1]
        if not rule.args or any(node.op == "number" for _, node in rule.walk()):
            return None
        weight = self.rng.choice(WEIGHTS)
        return f"Give {self.term(self.rules[-1])} a weight, {weight} for example."

    def simplify(self) -> str | None:
        return None if not self.rules[-1].args else f"Try it without {self.term(self.rules[-1])}."


def _terms(rule: Expression) -> list[str]:
    """The terms of a rule that are short enough to be quoted."""
    nodes = [node for path, node in rule.walk() if path and node.names and not node.condition]
    return [text for text in dict.fromkeys(map(str, nodes)) if len(text) <= LONGEST]


def _form(text: str) -> str:
    """A term without its numbers."""
    return re.sub(r"(?<![\w.])\d[\d.]*", "#", text)


def known_formula(
    features: Sequence[Feature], formulas: Mapping[str, int], levels: Mapping[str, float], rng: random.Random
) -> str:
    """An assignment that leads to a formula of the statement, with one change, from its verb on. formulas: by how many
    features each has; a longer one says more of what is known."""
    edits = _Edits(features, (), (), levels, rng)
    [formula] = rng.choices(list(formulas), [count**2 for count in formulas.values()])
    first = edits.draw(edits.columns)
    second = edits.draw([*edits.columns, *edits.scalars], (first,))
    small, weight = rng.choice(SMALL), rng.choice(WEIGHTS)
    where, _ = edits.condition()
    changes = [
        f"add {small} * {edits.told(first)}",
        f"multiply a term by {weight} where {where}",
        f"multiply a term by (1 + {small} * {first} / max({second}, 1))",
    ]
    if formulas[formula] > 1:  # the weight of a single value changes nothing
        changes.append(f"give a term the weight {weight}")
    return f"start from `{formula}`, which the task names: write it as it stands there, and {rng.choice(changes)}."


def rule_edit(
    operator: str,
    features: Sequence[Feature],
    rules: Sequence[Expression],
    used: Collection[str],
    levels: Mapping[str, float],
    rng: random.Random,
) -> str | None:
    """An assignment for an operator; None if it has none. used, levels: as in `_Edits`."""
    edits = _Edits(features, rules, used, levels, rng)
    drawn = {"explore": edits.explore, "mutate": edits.mutate, "combine": edits.combine, "simplify": edits.simplify}
    if operator == "tune":
        return edits.tune() if rules else None
    if operator == "explore" or rules:
        return drawn[operator]() if operator in drawn else None
    return None
