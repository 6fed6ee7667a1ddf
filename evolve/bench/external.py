"""Another engine's program in the same tables: measured by the same evaluator, with what its meter counted."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evaluators.evaluate import InstanceResult
from evaluators.problem import Problem
from evolve.archive import Archive
from evolve.baselines import Results, measure_once
from evolve.bench.ledger import Summary, read_summary
from evolve.bench.plan import EXTERNAL, Contestant
from evolve.config import ConfigError
from evolve.evaluation import EvaluationPool
from evolve.insight import AXES, MEASURES
from evolve.records import Candidate
from sandbox.pool import choose_backend

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class External:
    """What --external names: one run of another engine, its final program, and what its meter counted."""

    name: str
    problem: str
    seed: int
    program: Path
    meter: Summary

    @property
    def contestant(self) -> Contestant:
        return Contestant(self.name, ", ".join(self.meter.models), EXTERNAL)


@dataclass(frozen=True)
class Peer:
    """An external run with its program's results by split: none from the first split on which it failed."""

    external: External
    problem: Problem
    results: Mapping[str, Sequence[InstanceResult]]
    failure: str | None

    def gap(self, split: str) -> float:
        """Mean gap on a split; NaN where the program failed."""
        gaps = [result.gap for result in self.results.get(split, ())]
        return sum(gaps) / len(gaps) if gaps else math.nan

    @property
    def curve(self) -> pd.DataFrame:
        """One step, at the end: the meter does not see when its program was found. Its candidates and evaluations are
        not known."""
        meter = self.external.meter
        known = {"calls": meter.calls, "tokens": meter.tokens, "cost": meter.cost, "seconds": meter.seconds}
        gaps = {measure: self.gap(measure) for measure in MEASURES}
        return pd.DataFrame([{**dict.fromkeys(AXES), **known, **gaps}], dtype=float)


def read_external(text: str) -> External:
    """NAME:PROBLEM:SEED:PROGRAM.py:METER.json. Raises ConfigError."""
    parts = text.split(":")
    if len(parts) != 5 or not all(parts) or not parts[2].isdecimal():
        raise ConfigError(f"--external {text}: expected NAME:PROBLEM:SEED:PROGRAM.py:METER.json, SEED a whole number")
    name, problem, seed, program, meter = parts
    return External(name, problem, int(seed), Path(program), read_summary(Path(meter)))


async def measure_peers(
    problem: Problem, externals: Sequence[tuple[External, str]], archive: Archive, sandbox: str
) -> list[Peer]:
    """Measure the programs (given with their sources) on all splits that tables show; each once for an archive."""
    programs = [(str(external.program), source) for external, source in externals]
    measured = await measure_programs(problem, programs, SPLITS, archive, sandbox)
    return [
        Peer(external, problem, results, candidate.failure_message)
        for (external, _), (candidate, results) in zip(externals, measured, strict=True)
    ]


async def measure_programs(
    problem: Problem, programs: Sequence[tuple[str, str]], splits: Sequence[str], archive: Archive, sandbox: str
) -> list[tuple[Candidate, Results]]:
    """Measure named programs that belong to no run."""
    candidates = [
        Candidate(id=name, run="", number=0, operator="external", proposer="human", name=name, source=source)
        for name, source in programs
    ]
    workers = min(len(candidates), os.cpu_count() or 1)
    async with EvaluationPool(problem, choose_backend(sandbox)[0].name, "warm", workers) as pool:
        measured = [measure_once(pool, problem, archive, candidate, splits) for candidate in candidates]
        return list(zip(candidates, await asyncio.gather(*measured), strict=True))
