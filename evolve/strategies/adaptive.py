"""Adaptive: a bandit decides which operator and model work, islands explore more the longer they stand still.

- An arm is an operator with a model. It is drawn in proportion to what it brought lately for what it cost: an
  improvement of an island counts fully, one over the parents alone by a third. At first it is trusted as far as its
  weight in the usual mix, which shifts from ideas to tuning to simplification with the budget, and faster while
  nothing improves.
- An island that has just improved is searched greedily around its best programs, one that stands still more widely
  (AdaEvolve). Islands that gained more are asked more often.
- A third of the parents comes from the best of all islands, whichever island the child goes to.
- A second parent comes from another island, drawn along links that grow where such a pair has brought an improvement.
- New starts from the initial program are an arm, too: an island that has found a way down from there may have missed a
  better one, and no crossing of what is alike brings it back.
- Where the mutator works beside a model, each has arms of its own: the model is asked for ideas, and what small changes
  and other constants bring is left to the mutator.
- When no island has improved for long, the weaker half starts again from distilled elites: the best programs of
  different shape, the smaller ones first.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from evolve.records import Candidate, Proposal
from evolve.strategies import _mix
from evolve.strategies._population import Member, Population, member_of
from evolve.strategies.base import View

BEGIN = "begin"  # the arm of new starts from the initial program
BEGINNINGS = (2.0, 1.0)  # its weight beside the usual mix at the start of a run, and before polishing
BEST = 0.35  # share of the parents that come from the best of all islands: small budgets need them
ISLANDS = 4
ELITE = 16
HOT, COLD = 8.0, 0.8  # temperature over ranks of an island that stands still, and of one that has just improved
MEMORY = 0.97  # what an arm's past is worth after each candidate told
TRUST = 12.0  # candidates that an arm's place in the usual mix is worth
PATIENCE = 0.1  # share of the budget without an improvement after which all stands still
LEAST = 12  # candidates, at least
OVER_PARENT = 0.35  # credit of a candidate that is better than its parents but not than its island


@dataclass
class Arm:
    """What an operator with a model brought lately: credits and cost of its candidates, both fading."""

    credit: float = 0.0
    tries: float = 0.0
    cost: float = 0.0


@dataclass
class Island:
    """A population; `idle` candidates were told since it improved; `gain` is its fading number of improvements."""

    population: Population = field(default_factory=Population)
    idle: int = 0
    gain: float = 1.0


class Adaptive:
    """The strategy. Its state is what `tell` has made of the candidates."""

    def __init__(self) -> None:
        self._islands = [Island() for _ in range(ISLANDS)]
        self._elite = Population(limit=ELITE)
        self._arms: dict[tuple[str, str | None], Arm] = {}
        self._links: dict[tuple[int, int], float] = {}
        self._members: dict[str, Member] = {}
        self._idle = self._told = 0

    # --- asking -----------------------------------------------------------------------------------------------------

    def ask(self, view: View, rng: random.Random) -> Proposal:
        patience = max(LEAST, round(PATIENCE * view.number / view.progress)) if view.progress > 0 else LEAST
        number = rng.choices(range(ISLANDS), [0.3 + island.gain for island in self._islands])[0]
        note: dict[str, object] = {"island": number, "patience": patience}
        island = self._islands[number]
        polishing = view.progress >= _mix.POLISH and self._elite.best is not None and not view.assisted
        stuck = min(1.0, island.idle / patience)
        best = polishing or rng.random() < BEST
        source = self._elite if best else island.population
        temperature = COLD if best else COLD + (HOT - COLD) * stuck
        parent = source.draw(rng, temperature)
        if parent is None:
            return replace(_mix.first(view, rng), note=note)
        operator, model = self._arm(view, rng, patience)
        if operator == BEGIN:
            return replace(_mix.first(view, rng), model=model, note={**note, "arm": BEGIN})
        parents = [parent]
        while len(parents) < max(1, view.operators[operator]):
            donor = self._donor(number, rng)
            other = self._islands[donor].population.draw(rng, COLD + (HOT - COLD) / 2, parents[-1])
            note["donor"] = donor
            parents.append(other or self._elite.draw(rng, HOT, parents[-1]) or parent)
        parents.sort(key=lambda one: one.rank, reverse=True)
        taken = {one.id for one in parents}
        others = [cluster[0].id for cluster in self._elite.clusters if cluster[0].id not in taken]
        shown = (others[0], rng.choice(others[1:])) if len(others) > 2 else tuple(others)
        return Proposal(operator, tuple(one.id for one in parents), shown, model, note)

    def _arm(self, view: View, rng: random.Random, patience: int) -> tuple[str, str | None]:
        """An operator and a model, in proportion to credit per cost."""
        stage = max(view.progress, _mix.POLISH * min(0.99, self._idle / (2 * patience)))
        mix = _mix.possible(view, _mix.weights(stage, view.assisted), alone=len(self._elite.clusters) < 2)
        if stage < _mix.POLISH and view.initial.status == "valid":
            early, late = BEGINNINGS
            mix[BEGIN] = early + (late - early) * stage / _mix.POLISH
        total = sum(mix.values())
        models: list[str | None] = [*view.models] or [None]
        arms = {(name, model): self._arms.get((name, model), Arm()) for name in mix for model in models}
        tries = sum(arm.tries for arm in arms.values()) or 1.0
        usual_credit = sum(arm.credit for arm in arms.values()) / tries
        usual_cost = sum(arm.cost for arm in arms.values()) / tries
        weights = []
        for (name, _), arm in arms.items():
            share = mix[name] / total
            # credit relative to the mean of all arms, in which TRUST candidates of exactly that mean are counted
            relative = (arm.credit + TRUST * (usual_credit + 0.02)) / ((arm.tries + TRUST) * (usual_credit + 0.02))
            cost = (arm.cost + TRUST * usual_cost) / ((arm.tries + TRUST) * usual_cost) if usual_cost > 0 else 1.0
            weights.append(share * relative**2 / cost)
        return rng.choices(list(arms), weights)[0]

    def _donor(self, number: int, rng: random.Random) -> int:
        others = [island for island in range(ISLANDS) if island != number]
        return rng.choices(others, [0.25 + self._links.get((island, number), 0.0) for island in others])[0]

    # --- telling ----------------------------------------------------------------------------------------------------

    def tell(self, candidate: Candidate) -> None:
        self._told += 1
        member = member_of(candidate, self._told)
        if candidate.number <= 0 or "island" not in candidate.note:
            if member is not None:
                self._members[member.id] = member
                for population in (self._elite, *(island.population for island in self._islands)):
                    population.add(member)
            return
        number = int(candidate.note["island"]) % ISLANDS
        island = self._islands[number]
        credit = self._credit(candidate, member, island)
        self._book(candidate, credit)
        if "donor" in candidate.note:
            link = (int(candidate.note["donor"]) % ISLANDS, number)
            self._links[link] = 0.9 * self._links.get(link, 0.0) + credit
        for one in self._islands:
            one.gain *= MEMORY
        island.idle += 1
        self._idle += 1
        if member is not None:
            if credit >= 1.0:
                island.idle = 0
                island.gain += 1 - MEMORY
            if self._elite.best is None or member.gap < self._elite.best.gap:
                self._idle = 0
            self._members[member.id] = member
            self._elite.add(member)
            island.population.add(member)
        if self._idle >= 2 * int(candidate.note.get("patience", LEAST)):
            self._restart()

    def _credit(self, candidate: Candidate, member: Member | None, island: Island) -> float:
        """1 for an improvement of the island, less for one over the parents alone, 0 otherwise."""
        if member is None:
            return 0.0
        best = island.population.best
        if best is None or member.gap < best.gap:
            return 1.0
        parents = [self._members[parent].gap for parent in candidate.parents if parent in self._members]
        return OVER_PARENT if parents and member.gap < min(parents) else 0.0

    def _book(self, candidate: Candidate, credit: float) -> None:
        for arm in self._arms.values():
            arm.credit *= MEMORY
            arm.tries *= MEMORY
            arm.cost *= MEMORY
        name = str(candidate.note.get("arm", candidate.operator))
        mine = self._arms.setdefault((name, candidate.model), Arm())
        mine.credit += credit
        mine.tries += 1.0
        mine.cost += candidate.price

    def _restart(self) -> None:
        """The weaker half of the islands starts again from distilled elites."""
        self._idle = 0
        worst = (float("inf"), 0, 0)
        order = sorted(self._islands, key=lambda one: one.population.best.rank if one.population.best else worst)
        heads = [cluster[0] for cluster in self._elite.clusters]
        distilled = sorted(heads[: ELITE // 2], key=lambda one: one.rank[1])
        weaker = order[len(order) // 2 :]
        for place, island in enumerate(weaker):
            island.population = Population()
            island.idle = 0
            for founder in distilled[place :: len(weaker)]:
                island.population.add(founder)


STRATEGY = Adaptive
