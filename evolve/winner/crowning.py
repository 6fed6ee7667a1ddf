"""From the end of the search to the champion and its figures, step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evolve.records import Candidate
from evolve.winner import report, shortened, tuned
from evolve.winner.choosing import choose, runner_up, validate
from evolve.winner.finalists import finalists
from evolve.winner.measured import RELABELLINGS, measure_test, relabelled
from evolve.winner.simplifying import TOLERANCE
from evolve.winner.stage import Stage
from evolve.winner.trials import Trials


@dataclass(frozen=True)
class Winner:
    """The champion, None if no program was valid; and who was measured on test: it, the initial program, baselines."""

    champion: Candidate | None
    measured: list[Candidate]


async def find_winner(
    stage: Stage, initial: Candidate, baselines: Sequence[Candidate], polish: bool, extra: Sequence[str] = ()
) -> Winner:
    """Choose the champion on validation, make it better and shorter if `polish` is set, and measure it on test.

    extra: ids of further finalists, of the strategy's choice.
    """
    stage.phase("choosing the champion on validation")
    standing = await validate(stage, finalists(stage.before(), extra))
    champion = None
    if standing:
        if polish:
            standing += await validate(stage, await tuned.tune_best(stage, standing))
        champion = choose(list({candidate.id: candidate for candidate in standing}.values()))
        champion = await _reported(stage, champion, standing, polish)
    stage.phase("measuring on test, once")
    return Winner(champion, await measure_test(stage, champion, initial, baselines))


async def _reported(stage: Stage, chosen: Candidate, standing: Sequence[Candidate], polish: bool) -> Candidate:
    """The champion that is made of the one that was chosen; what there is to say of it is recorded."""
    if (known := stage.recall(report.STEP)) is not None:
        return stage.candidates[known["champion"]]
    trials = Trials(stage.pool)
    champion, said = chosen, {}
    if polish:
        champion = await shortened.shorten(stage, chosen, trials)
        said = {
            "simplified": _simplified(stage, chosen, champion),
            "ablation": await shortened.worth(stage, champion, trials),
            "relabelled": await relabelled(stage.pool, champion.source or "", RELABELLINGS),
        }
    said["runner_up"] = runner_up(stage, champion, standing)
    said["evaluations"] = _evaluations(stage, trials)
    stage.record(report.STEP, {"champion": champion.id, **said})
    return champion


def _simplified(stage: Stage, chosen: Candidate, champion: Candidate) -> dict[str, Any] | None:
    if champion is chosen:
        return None
    step = stage.recall(shortened.STEP) or {}
    return report.simplification(chosen, champion, {"removed": step["removed"], "tolerance": TOLERANCE})


def _evaluations(stage: Stage, trials: Trials) -> dict[str, int]:
    """Evaluations that the end of the run took so far, by split; those of a session that was killed are not known."""
    tunings = (stage.recall(tuned.STEP) or {}).get("tuned", ())
    return dict(Counter(trials.spent()) + Counter(train=sum(one["evaluations"] for one in tunings)))
