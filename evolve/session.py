"""One session of a run from its configuration: builds the parts, searches, and ends with the champion's figures."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from evaluators.problem import Problem, load_problem
from evolve import plugins
from evolve.archive import Archive, new_run_id
from evolve.budget import Budget, Limits
from evolve.champion import choose_champion, measure_test
from evolve.config import ConfigError, RunConfig
from evolve.engine import Engine, Listener
from evolve.evaluation import EvaluationPool
from evolve.prompting import Prompts
from evolve.proposers.base import Proposer
from evolve.records import Candidate, Run
from sandbox.pool import choose_backend


@dataclass
class Ending:
    """How a session ended. `measured` holds the champion (if any), the initial program and the baselines."""

    run: Run
    problem: Problem
    champion: Candidate | None
    measured: list[Candidate]
    reason: str


def new_run(config: RunConfig, archive: Archive, problem: Problem | None = None) -> Run:
    """Register a run in the archive."""
    problem = problem or load_problem(config.problem)
    run = Run(
        id=new_run_id(),
        problem=problem.name,
        folder=str(problem.folder),
        fingerprint=problem.fingerprint,
        config=config.model_dump(mode="json"),
        seed=config.seed,
        created=time.time(),
        version=version("evolve"),
    )
    archive.create_run(run)
    return run


def new_run_like(run: Run, archive: Archive, candidates: int) -> Run:
    """Register a run that is to do what `run` did, with a budget of that many candidates and no other."""
    config = RunConfig.model_validate(run.config)
    changes = {"problem": run.folder, "candidates": candidates, "tokens": None, "cost": None, "hours": None}
    return new_run(config.model_copy(update=changes), archive)


def make_proposer(config: RunConfig, run: Run) -> Proposer:
    """The proposer that the configuration names."""
    made: Proposer = plugins.load("proposers", config.proposer or "mutator", "PROPOSER").from_config(config, run.id)
    return made


async def conduct(
    run: Run,
    archive: Archive,
    listener: Listener,
    proposer: Proposer | None = None,
    order: Sequence[int] | None = None,
) -> Ending:
    """Search until the budget ends or the user stops, then pick and measure the champion if the budget is used up.

    proposer: instead of the configured one. order: in which candidates are told to the strategy, for a replay.
    """
    config = RunConfig.model_validate(run.config)
    problem = load_problem(run.folder)
    if problem.fingerprint != run.fingerprint:
        raise ConfigError(
            f"{problem.name} has changed since run {run.id} began (evaluator, problem.toml or references): "
            "its figures would not compare; start a new run"
        )
    backend, weaker = choose_backend(config.sandbox)
    listener.phase(f"sandbox {backend.name}, {config.isolation}" + "".join(f" ({line})" for line in weaker))
    proposer = proposer or make_proposer(config, run)
    folders = [folder for folder in (config.prompts, Path(problem.folder) / "prompts") if folder and folder.is_dir()]
    limits = Limits(config.candidates, config.tokens, config.cost, config.hours)
    usage = archive.usage(run.id)
    budget = Budget(limits, seconds_before=seconds_used(archive, run.id))
    budget.calls, budget.unpriced = usage.calls, usage.unpriced_calls
    budget.tokens, budget.cost = usage.input_tokens + usage.output_tokens, usage.cost
    run.status = "running"
    archive.update_run(run)
    archive.event(run.id, "session began", {"sandbox": backend.name})
    async with EvaluationPool(problem, backend.name, config.isolation, config.workers) as pool:
        engine = Engine(
            run=run,
            problem=problem,
            archive=archive,
            proposer=proposer,
            strategy=plugins.load("strategies", config.strategy, "STRATEGY")(),
            prompts=Prompts(folders),
            pool=pool,
            budget=budget,
            listener=listener,
            parallel=config.parallel or 1,
            models=config.models,
            tuning=config.tuning or 0,
            order=order,
        )
        try:
            with _stopped_by_signals(engine, listener):
                await engine.search()
                if budget.closed is not None:
                    run.status = "stopped"
                    return Ending(run, problem, None, [engine.initial, *engine.baselines], budget.closed)
                return await _finish(engine, archive, listener)
        except BaseException:
            run.status = "stopped"
            raise
        finally:
            archive.update_run(run)
            archive.event(run.id, "session ended", {"status": run.status})
            await proposer.close()


async def _finish(engine: Engine, archive: Archive, listener: Listener) -> Ending:
    run, pool = engine.run, engine.pool
    listener.phase("choosing the champion on validation")
    proposed = [candidate for candidate in engine.candidates.values() if candidate.number >= 0]
    champion = await choose_champion(pool, archive, proposed)
    listener.phase("measuring on test, once")
    measured = await measure_test(pool, engine.problem, archive, run, champion, engine.initial, engine.baselines)
    run.champion, run.status, run.finished = champion.id if champion else None, "finished", time.time()
    return Ending(run, engine.problem, champion, measured, engine.reason or "")


def seconds_used(archive: Archive, run: str) -> float:
    """Wall-clock of the earlier sessions of a run. A session that was killed counts up to its last candidate."""
    used, open_since = 0.0, None
    finished = [candidate.finished for candidate in archive.candidates_of(run) if candidate.finished is not None]
    for event in [e for e in archive.events(run) if e.kind in ("session began", "session ended")] + [None]:
        if open_since is not None:
            ended = event is not None and event.kind == "session ended"
            until = event.time if event is not None else time.time()
            last = max((t for t in finished if open_since <= t <= until), default=open_since)
            used += (until if ended else last) - open_since
        open_since = event.time if event is not None and event.kind == "session began" else None
    return used


class _stopped_by_signals:
    """Ctrl-C (or SIGTERM) once: start nothing more, let what is in flight end. Twice, or before the search: at once."""

    def __init__(self, engine: Engine, listener: Listener) -> None:
        self.engine, self.listener = engine, listener

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._stop)

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(number)

    def _stop(self) -> None:
        if self.engine.budget.closed is None and self.engine.busy:
            self.engine.stop("stopped by the user")
            self.listener.phase("stopping: what is in flight still ends; Ctrl-C again stops at once")
        elif self._task is not None:
            self._task.cancel()
