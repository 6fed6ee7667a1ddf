"""One small, concrete thing to do for each call, drawn by the candidate's seed.

Models, small ones above all, repeat what they are shown when they are asked for "an improvement"; told which feature to
add to which term, they write something new.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Mapping, Sequence

from evaluators.problem import Problem
from evolve.feedback.program_edits import known_way, program_edit
from evolve.feedback.rule_edits import known_formula, rule_edit
from evolve.statements import known_formulas, known_to_work, meanings_of
from evolve.syntax.algebra import rounded, tidy
from evolve.syntax.expression import Expression
from evolve.syntax.inline import rule

# How often a search that is behind the rules that are known is sent to what the statement says of them.
KNOWN = {"explore": 0.6, "mutate": 0.3}


def assignment(
    operator: str,
    problem: Problem,
    parents: Sequence[str],
    examples: Sequence[str],
    seed: str,
    behind: bool = False,
    levels: Mapping[str, float] | None = None,
) -> str | None:
    """What to do, in a sentence or two; None for an operator that has no assignment. `parents` and `examples` are the
    programs in the prompt, the one to work on last. behind: no program so far is as good as the best known rule.
    levels: values of features, as `worst.levels` has them."""
    rng = random.Random(f"{seed}|assignment")
    known = behind and known_to_work(problem.statement) and rng.random() < KNOWN.get(operator, 0.0)
    if problem.interface == "priority" and problem.evaluator.features:
        if known and (formulas := known_formulas(problem.statement, problem.evaluator.features)):
            text = known_formula(problem.evaluator.features, formulas, levels or {}, rng)
            return f"Throw its formula away and {text}" if operator == "mutate" else text[0].upper() + text[1:]
        rules = [found for source in parents if (found := expression_of(source)) is not None]
        if len(rules) == len(parents):
            used = frozenset[str]().union(*(names_in(source) for source in (*parents, *examples)))
            return _kept(operator, rule_edit(operator, problem.evaluator.features, rules, used, levels or {}, rng))
        inputs = [feature.name for feature in problem.evaluator.features]
    else:
        inputs = list(meanings_of(problem.statement))
        if known:
            return known_way(inputs, rng)
    return _kept(operator, program_edit(operator, problem.interface, inputs, parents, rng))


def _kept(operator: str, text: str | None) -> str | None:
    """A change of a program leaves the rest of it as it is."""
    return f"Change this, and keep the rest:\n{text}" if operator == "mutate" and text else text


def expression_of(source: str) -> Expression | None:
    """A priority rule as one expression, if it is one."""
    try:
        found = rule(ast.parse(source))
        return None if found is None else rounded(tidy(found.expression))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def names_in(source: str) -> frozenset[str]:
    """All names that a program reads."""
    try:
        nodes = ast.walk(ast.parse(source))
        return frozenset(n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
