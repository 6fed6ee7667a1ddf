"""The built-in proposer: changes and crosses programs by their syntax, without a model.

The default where no model is configured, and the control that shows what a model adds. What it answers depends on
the request alone.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Sequence

from evolve.config import RunConfig
from evolve.proposers.base import Request
from evolve.proposers.mutation import programs
from evolve.proposers.mutation.probe import Probe
from evolve.proposers.mutation.programs import Programs
from evolve.proposers.mutation.render import described, render
from evolve.proposers.mutation.rules import Change, Mutations, cross, divisors
from evolve.proposers.mutation.terms import Terms
from evolve.records import Completion
from evolve.syntax.algebra import rounded, tidy
from evolve.syntax.canonical import fingerprint
from evolve.syntax.expression import Expression
from evolve.syntax.inline import rule
from evolve.syntax.tree import deep, parse

TRIES = 40
LARGEST = 40  # nodes; rules beyond are drawn again


class MutatorProposer:
    """Answers explore, mutate, combine, tune and simplify with a changed program."""

    name = "mutator"
    reads_prompts = False
    operators: Sequence[str] | None = ("explore", "mutate", "combine", "tune", "simplify")

    @classmethod
    def from_config(cls, config: RunConfig, run: str) -> MutatorProposer:
        """For a run; nothing is configured."""
        return cls()

    async def propose(self, request: Request) -> Completion:
        """A changed program; the first line of its docstring says what changed."""
        reply = propose(request)
        error = None if reply else f"the mutator has nothing to {request.operator}: no parent that it can read"
        return Completion(reply=reply, model=None, error=error)

    async def close(self) -> None:
        """Nothing to release."""


def propose(request: Request) -> str | None:
    """The program that answers a request; None where there is nothing to work on."""
    rng = random.Random(request.seed)
    readable = [source for source in request.parents if _readable(source)]
    if request.interface == "priority" and request.features:
        rules = [found for source in readable if (found := _rule(source, request)) is not None]
        # only the last parent must be an expression: it is the one that is changed
        if not readable or (rules and _rule(readable[-1], request) is not None):
            return _changed_rule(request, rules, readable, rng)
    return _changed_program(request.operator, readable, rng) if readable else None


def _readable(source: str) -> bool:
    try:
        return any(isinstance(node, ast.FunctionDef) for node in parse(source).body)
    except SyntaxError:
        return False


def _rule(source: str, request: Request) -> Expression | None:
    """The program as an expression of the problem's features, if it is one."""
    found = rule(ast.parse(source))
    known = {feature.name for feature in request.features}
    return (
        tidy(found.expression) if found and found.expression.names <= known and not found.expression.condition else None
    )


def _changed_rule(request: Request, rules: list[Expression], sources: list[str], rng: random.Random) -> str:
    features = [feature.name for feature in request.features]
    terms = Terms(request.features, rng, frozenset().union(*(divisors(one) for one in rules)))
    mutations = Mutations(terms, rng)
    probe = Probe(request.features)
    last = rules[-1] if rules else None
    orders = {probe.order(one) for one in rules}
    if request.operator == "tune" and sources and (tuned := _tuned(sources[-1], rng)):
        return tuned
    change = {"explore": _explore, "combine": _combine, "simplify": _simplify, "tune": _weigh}.get(
        request.operator, _mutate
    )
    for attempt in range(TRIES):
        new, summary = change(rules, mutations, rng)
        new = tidy(terms.protected(probe.prune(tidy(rounded(tidy(new))))))
        order = probe.order(new)
        limit = LARGEST if last is None else max(LARGEST, last.size)
        if (
            _moderate(new)
            and new.size <= limit
            and new.depth <= 30
            and order is not None
            and (order not in orders or attempt > TRIES - 5)
        ):
            return render(new, features, summary)
    return render(terms.feature(1.0), features, "Orders by one feature")


def _moderate(rule: Expression) -> bool:
    """Whether its constants are such as a person would write."""
    return all(abs(node.value) < 1e6 for _, node in rule.walk())


def _explore(rules: list[Expression], mutations: Mutations, rng: random.Random) -> Change:
    """Something new: a random expression, alone or with the parent as a part of it."""
    whole = mutations.terms.whole()
    if not rules or rng.random() < 0.4:
        return whole, "A new rule from a few features"
    new, summary = rules[-1], ""
    for _ in range(rng.choice((2, 3))):
        new, summary = mutations.any(new) or (new, summary)
    return new, summary if new != rules[-1] else "A new rule"


def _mutate(rules: list[Expression], mutations: Mutations, rng: random.Random) -> Change:
    if not rules:
        return _explore(rules, mutations, rng)
    new, summaries = rules[-1], []
    for _ in range(rng.choices((1, 2, 3), (0.7, 0.22, 0.08))[0]):
        if changed := mutations.any(new):
            new = changed[0]
            summaries.append(changed[1])
    return new, "; ".join(summaries) or "The same rule"


def _combine(rules: list[Expression], mutations: Mutations, rng: random.Random) -> Change:
    if len(rules) < 2:
        return _mutate(rules, mutations, rng)
    return cross(rng.choice(rules[:-1]), rules[-1], rng)


def _simplify(rules: list[Expression], mutations: Mutations, rng: random.Random) -> Change:
    if rules:
        kinds: list[Callable[[Expression], Change | None]] = [mutations.drop, mutations.drop, mutations.hoist]
        if changed := rng.choice(kinds)(rules[-1]):
            return changed
    return _mutate(rules, mutations, rng)


def _weigh(rules: list[Expression], mutations: Mutations, rng: random.Random) -> Change:
    """A constant where there is none to tune."""
    return (mutations.weigh(rules[-1]) if rules else None) or _mutate(rules, mutations, rng)


def _tuned(source: str, rng: random.Random) -> str | None:
    """The parent with other constants: those of its text, which keeps its comments; None if it has none."""
    if (changed := programs.tune(source, rng)) is not None:
        return described(*changed)
    return None


def _changed_program(operator: str, sources: list[str], rng: random.Random) -> str:
    """A program that is more than an expression, with a modest change."""
    source = sources[-1]
    if deep(ast.parse(source)):
        changed = programs.tune(source, rng)
        return described(*changed) if changed else source
    donor = ast.parse(rng.choice(sources[:-1])) if operator == "combine" and len(sources) > 1 else None
    if donor is not None and deep(donor):
        donor = None
    old, misses = fingerprint(source), 0
    while misses < TRIES:
        misses += 1
        try:
            made = _edited(operator, source, donor, rng)
            if made is None:
                misses += TRIES // 5  # there is hardly anything to change
            elif _readable(made) and fingerprint(made) != old:
                return made
        except (SyntaxError, ValueError, RecursionError):
            continue
    return described(source, "The same program")


def _edited(operator: str, source: str, donor: ast.Module | None, rng: random.Random) -> str | None:
    if (operator == "tune" or (operator != "simplify" and rng.random() < 0.3)) and (
        changed := programs.tune(source, rng)
    ):
        return described(*changed)
    edits = Programs(rng, donor)
    tree, summaries = ast.parse(source), []
    for _ in range(rng.choice((2, 3, 4)) if operator == "explore" else rng.choice((1, 1, 2))):
        kind = edits.reduction if operator == "simplify" else edits.borrow if donor else edits.structural
        if (edit := kind(tree)) is not None:
            # parsed again, so that line numbers are right for the next edit
            tree = ast.parse(ast.unparse(ast.fix_missing_locations(edit[0])))
            summaries.append(edit[1])
    return described(ast.unparse(tree) + "\n", "; ".join(summaries)) if summaries else None


PROPOSER = MutatorProposer
