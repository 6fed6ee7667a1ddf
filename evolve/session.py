"""One session of a run from its configuration: builds the parts, searches, and ends with the champion's figures."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass, replace
from importlib.metadata import version

from evaluators.problem import Problem, load_problem
from evolve.allocation import Allocation
from evolve.archive import Archive, new_run_id
from evolve.archive.sessions import ENDED
from evolve.asking import find_proposer, make_proposer, make_strategy
from evolve.budget import Budget
from evolve.config import BUDGETS, ConfigError, RunConfig
from evolve.engine import Engine, Listener, Recording
from evolve.evaluation import EvaluationPool
from evolve.feedback.rehearsing import rehearse
from evolve.fitting import fitted
from evolve.lanes import Lanes
from evolve.prompting import Prompts, prompt_folders
from evolve.proposers.base import Checked, Proposer
from evolve.proposers.mutator import MutatorProposer
from evolve.records import Candidate, Run
from evolve.strategies.base import finalists
from evolve.wallclock import seconds_used
from evolve.winner import Stage, find_winner
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
    """Register a run in the archive, once its parts have been found usable."""
    run = drafted_run(config, problem or load_problem(config.problem))
    archive.create_run(run)
    return run


def drafted_run(config: RunConfig, problem: Problem) -> Run:
    """A run that no archive knows of yet, whose parts have been found usable."""
    make_strategy(config.strategy)
    find_proposer(config.proposer or "mutator")
    rehearse(Prompts(prompt_folders(problem, config.prompts)), problem)
    return _drafted(config, problem)


def new_run_like(run: Run, archive: Archive, candidates: int) -> Run:
    """Register a run that is to do what `run` did, with a budget of that many candidates and no other."""
    changes = {**dict.fromkeys(BUDGETS), "problem": run.folder, "candidates": candidates}
    config = RunConfig.model_validate(run.config).model_copy(update=changes)
    like = _drafted(config, load_problem(config.problem))
    archive.create_run(like)
    return like


def _drafted(config: RunConfig, problem: Problem) -> Run:
    config = fitted(config, problem)
    return Run(
        id=new_run_id(),
        problem=problem.name,
        folder=str(problem.folder),
        fingerprint=problem.fingerprint,
        config=config.model_dump(mode="json"),
        seed=config.seed,
        status="stopped",  # until a session begins
        created=time.time(),
        version=version("evolve"),
    )


async def check_start(run: Run) -> None:
    """See that a run can start, before there is anything of it: its sandbox works, and so does its proposer, which has
    the models that are named. Raises what `conduct` would."""
    config = RunConfig.model_validate(run.config)
    choose_backend(config.sandbox)
    proposer = make_proposer(config, run.id)
    try:
        if isinstance(proposer, Checked):
            await proposer.check(config.models)
    finally:
        await proposer.close()


async def conduct(
    run: Run,
    archive: Archive,
    listener: Listener,
    proposer: Proposer | None = None,
    recording: Recording | None = None,
) -> Ending:
    """Search until the budget ends or the user stops, then pick and measure the champion if the budget is used up.

    proposer: instead of the configured one. recording: for a replay.
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
    archive.begin_session(run.id, {"sandbox": backend.name})
    try:
        proposer = proposer or make_proposer(config, run.id)
        try:
            pool = EvaluationPool(problem, backend.name, config.isolation, config.workers)
            return await _search(run, problem, archive, listener, config, proposer, pool, recording or Recording())
        finally:
            await proposer.close()
    except BaseException:
        if run.status == "running":  # one that had finished is not undone by a session that could not start
            run.status = "stopped"
        raise
    finally:
        archive.update_run(run)
        archive.event(run.id, ENDED, {"status": run.status})


async def _search(
    run: Run,
    problem: Problem,
    archive: Archive,
    listener: Listener,
    config: RunConfig,
    proposer: Proposer,
    evaluators: EvaluationPool,
    recording: Recording,
) -> Ending:
    """What a session does between its beginning and its end."""
    strategy = make_strategy(config.strategy)
    prompts = Prompts(prompt_folders(problem, config.prompts))
    rehearse(prompts, problem)
    if not prompts.offered(proposer.operators):
        can, there = ", ".join(proposer.operators or ()) or "nothing", ", ".join(sorted(prompts.offered()))
        raise ConfigError(f"proposer {proposer.name}: it offers nothing but {can}, and there are: {there}")
    usage = archive.usage(run.id)
    budget = Budget(config.limits, seconds_before=seconds_used(archive, run.id))
    budget.calls = usage.calls
    budget.tokens, budget.cost = usage.input_tokens + usage.output_tokens, usage.cost
    proposers, lanes = {proposer.name: proposer}, Lanes(proposer.name, config.parallel or 1)
    if config.mutations and proposer.reads_prompts:
        proposers[MutatorProposer.name] = MutatorProposer()
        lanes = replace(lanes, beside=MutatorProposer.name, width=config.parallel or 1, share=config.mutations)
    run.status = "running"
    archive.update_run(run)
    async with evaluators as pool:
        engine = Engine(
            run=run,
            problem=problem,
            archive=archive,
            proposers=proposers,
            lanes=lanes,
            strategy=strategy,
            prompts=prompts,
            pool=pool,
            budget=budget,
            listener=listener,
            models=config.models,
            allocation=Allocation(config.repairs, config.tuning or 0),
            staged=bool(config.staged),
            racing=config.racing,
            recording=recording,
        )
        with _stopped_by_signals(engine, listener):
            await engine.search()
            if budget.closed is not None:
                run.status = "stopped"
                return Ending(run, problem, None, [engine.initial, *engine.baselines], budget.closed)
            return await _finish(engine, archive, listener, config.polish)


async def _finish(engine: Engine, archive: Archive, listener: Listener, polish: bool) -> Ending:
    run = engine.run
    known = {candidate.id: candidate for candidate in engine.candidates.values() if candidate.number >= 0}
    stage = Stage(run, engine.problem, archive, engine.pool, known, listener.phase)
    winner = await find_winner(stage, engine.initial, engine.baselines, polish, finalists(engine.strategy))
    champion = winner.champion
    run.champion, run.status, run.finished = champion.id if champion else None, "finished", time.time()
    return Ending(run, engine.problem, champion, winner.measured, engine.reason or "")


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
