"""evolve prompt: the prompt that a run would send first."""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from evaluators.problem import Problem, load_problem
from evolve.archive import Archive
from evolve.baselines import measure_baselines, measure_program
from evolve.cli.common import JsonOption, SandboxOption, print_json, print_text, read_program, spinner
from evolve.config import ConfigError
from evolve.evaluation import EvaluationPool
from evolve.feedback.teller import Program, Teller
from evolve.feedback.yardsticks import answers
from evolve.prompting import Prompts, prompt_folders
from evolve.records import Candidate, Message, Run
from evolve.replies import thought_of
from sandbox.pool import choose_backend

REPAIR = "repair"


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("prompt")(prompt)


def prompt(
    problem: Annotated[str, typer.Argument(help="a shipped problem's name, or a problem folder")],
    operator: Annotated[str, typer.Option(help="what the model is asked to do")] = "explore",
    program: Annotated[
        Path | None, typer.Option(help="the program to work on [default: the problem's initial one]")
    ] = None,
    prompts: Annotated[Path | None, typer.Option(help="folder with templates of your own")] = None,
    seed: Annotated[int, typer.Option(help="seed of the search")] = 0,
    sandbox: SandboxOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Show the prompt that a run on PROBLEM would send first; with `--operator repair`, what follows a failure.

    An operator that takes two parents gets the best baseline as the first. Measures the baselines on train.
    """
    loaded = load_problem(problem)
    if prompts is not None and not prompts.is_dir():
        raise ConfigError(f"--prompts {prompts}: no such folder")
    templates = Prompts(prompt_folders(loaded, prompts))
    if operator not in templates.operators:
        raise ConfigError(f"no operator {operator!r}: there are: {', '.join(sorted(templates.operators))}")
    source = read_program(program) if program is not None else loaded.initial
    backend, _ = choose_backend(sandbox)
    with (
        spinner("measuring the baselines"),
        tempfile.TemporaryDirectory() as folder,
        Archive.open(Path(folder) / "prompt.db") as archive,
    ):
        messages = asyncio.run(_first(loaded, templates, operator, source, seed, backend.name, archive))
    if as_json:
        print_json([{"role": message.role, "content": message.content} for message in messages])
    else:
        print_text("\n".join(f"----- {message.role}\n\n{message.content.rstrip()}\n" for message in messages))


async def _first(
    problem: Problem, prompts: Prompts, operator: str, source: str, seed: int, backend: str, archive: Archive
) -> list[Message]:
    run = Run("prompt", problem.name, str(problem.folder), problem.fingerprint, {}, seed, created=time.time())
    archive.create_run(run)
    async with EvaluationPool(problem, backend, "warm", 1) as pool:
        teller = Teller(problem, pool, prompts, seed)
        baselines = await measure_baselines(pool, problem, archive, run, ["train"], {})
        measured = [(one, archive.results(one.id, "train")) for one in baselines]
        teller.begin(measured)
        asked = Candidate("prompt-1", run.id, 1, operator, "openai")
        if operator == REPAIR:
            return await _repair(teller, pool, replace(asked, operator="explore"), source)
        first, results = await measure_program(pool, run, 0, "initial", source, ["train"])
        teller.tell(first)
        alike = [
            one for one in measured if one[0].train is not None and answers(one[0].source or "", problem.interface)
        ]
        others = sorted(alike, key=_gap)[: max(1, prompts.operators[operator].parents) - 1]
        parents = sorted([*others, (first, results.get("train", ()))], key=_gap, reverse=True)
        return await teller.prompt(asked, parents, [], teller.told)


def _gap(program: Program) -> float:
    return math.inf if program[0].train is None else program[0].train


async def _repair(teller: Teller, pool: EvaluationPool, asked: Candidate, source: str) -> list[Message]:
    """What would follow if the program were a first reply."""
    evaluation = await pool.evaluate(source, "train")
    if evaluation.failure is None:
        raise ConfigError("this program runs, so there is nothing to repair; name one that fails with --program FILE")
    asked.source, asked.thought = source, thought_of(source)
    asked.failure_kind, asked.failure_message = evaluation.failure.kind, evaluation.failure.message
    before: Sequence[Message] = await teller.prompt(asked, [], [], teller.told)
    return await teller.repair(asked, before, f"```python\n{source.strip()}\n```", evaluation)
