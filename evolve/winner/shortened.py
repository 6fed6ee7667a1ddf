"""The champion made shorter: what comes of it is a candidate of its own, or nothing where nothing can go."""

from __future__ import annotations

from collections.abc import Sequence

from evolve.records import Candidate
from evolve.syntax import fingerprint
from evolve.winner.measured import RELABELLINGS, relabelled
from evolve.winner.simplifying import Bar, ablate, round_constants, simplify
from evolve.winner.stage import Stage
from evolve.winner.trials import Trials

TRIES = 120  # programs that may be tried to find a shorter one
TERMS = 60  # that are ablated
STEP = "champion simplified"


async def shorten(stage: Stage, champion: Candidate, trials: Trials) -> Candidate:
    """The champion without what it does not need, or the champion where it needs all that it has."""
    data = stage.recall(STEP)
    if data is None:
        stage.phase("simplifying the champion")
        bar = await _bar(champion, trials)
        shorter = await simplify(champion.source or "", bar, stage.allowed(TRIES))
        source = await round_constants(shorter.source, bar)
        # a program that fails with other labels has lost something that these instances do not show
        gains = fingerprint(source) != champion.syntax
        holds = gains and None not in await relabelled(stage.pool, source, RELABELLINGS)
        found = {"source": source, "removed": list(shorter.removed)} if holds else {"source": None}
        evaluations = trials.spent().get("train", 0)
        data = stage.record(STEP, {"candidate": champion.id, **found, "evaluations": evaluations})
    if data["source"] is None:
        return champion
    made = await stage.admit(champion, data["source"], "simplified", data["evaluations"])
    return made if made.status == "valid" else champion


async def worth(stage: Stage, champion: Candidate, trials: Trials) -> Sequence[dict[str, object]]:
    """What each term of the champion is worth, on train and validation."""
    stage.phase("ablating the champion term by term")
    return await ablate(champion.source or "", await _bar(champion, trials), stage.allowed(TERMS))


async def _bar(champion: Candidate, trials: Trials) -> Bar:
    train = await trials.gaps(champion.source or "", "train")
    validation = await trials.gaps(champion.source or "", "validation")
    assert train is not None
    assert validation is not None
    return Bar(trials.gaps, train, validation)
