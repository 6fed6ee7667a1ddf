"""evolve problems list, show, new, check: what can be searched, and plugging in a problem of your own."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evaluators.problem import Problem, ProblemError, load_problem, problem_names, shipped_problems
from evolve import scaffold, standings
from evolve.checking import Bench, Checked, Checker, signature
from evolve.cli.common import JsonOption, SandboxOption, console, print_json, print_text
from evolve.evaluation import EvaluationPool
from evolve.replies import thought_of
from sandbox.pool import open_sandbox

app = typer.Typer(no_args_is_help=True, help="The problems: list and show them, make and check your own.")

SELF_SCORED = "self-scored: the evaluator runs beside the candidate, which could forge its figures"

errors = Console(stderr=True, highlight=False, soft_wrap=True)


# --- list -----------------------------------------------------------------------------------------------------------


@app.command("list")
def list_problems(
    as_json: JsonOption = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="print the page problems/README.md")] = False,
) -> None:
    """List the problems that come with evolve."""
    rows = [_row(load_problem(name)) for name in problem_names()]
    if as_json:
        print_json(rows)
        return
    if markdown:
        print_text(_markdown(rows))
        return
    caption = (
        "Gap on validation, lower is better; of what: evolve problems show NAME. "
        "Seconds: one evaluation of the initial program on train, when check --standings was last run."
    )
    table = Table(show_lines=True, caption=caption, caption_justify="left")
    for heading in ("problem", "best baseline", "best found"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        kinds = [row["family"], row["interface"], f"{row['baselines']} baselines"]
        kinds += [f"{row['train_seconds']:.2g} s"] * (row["train_seconds"] is not None)
        kinds += ["self-scored"] * row["self_scored"]
        about = f"[bold]{row['name']}[/bold]\n{escape(row['title'])}\n[dim]{escape(', '.join(kinds))}[/dim]"
        table.add_row(about, _standing(row["best_baseline"]), _standing(row["best_program"]))
    console.print(table)


def _markdown(rows: list[dict[str, Any]]) -> str:
    """The list as a page."""
    lines = [
        "# Problems",
        "",
        "Made by `evolve problems list --markdown`. Gaps are means on validation, lower is better, on a scale of each",
        "problem's own (`evolve problems show NAME`); seconds: one evaluation of the initial program on train.",
        "",
        "| problem | what | family | interface | s | baselines | best of them | best found |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        seconds = "" if row["train_seconds"] is None else f"{row['train_seconds']:.2g}"
        best, found = (_standing(row[kind]).replace("\n", " ") for kind in ("best_baseline", "best_program"))
        cells = [f"[{row['name']}]({row['name']}/)", row["title"], row["family"], row["interface"], seconds]
        lines.append("| " + " | ".join([*cells, str(row["baselines"]), best, found]) + " |")
    return "\n".join(lines)


def _row(problem: Problem) -> dict[str, Any]:
    stored = standings.read(problem)
    best = stored.best("validation") if stored else None
    found = [
        {"name": card["program"].removesuffix(".py"), "gap": gap}
        for card in _cards(problem.name)
        if (gap := _gap(card["figures"])) is not None
    ]
    return {
        "name": problem.name,
        "title": problem.spec.title,
        "family": problem.spec.family,
        "interface": problem.interface,
        "self_scored": problem.evaluator.self_scored,
        "train_seconds": stored.train_seconds if stored else None,
        "baselines": len(problem.baselines),
        "best_baseline": {"name": best[0], "gap": best[1]} if best else None,
        "best_program": min(found, key=lambda one: one["gap"], default=None),
    }


def _cards(name: str) -> list[dict[str, Any]]:
    """The published cards of a problem, from this folder's results and from those that come with evolve."""
    cards = {}
    for folder in (shipped_problems().with_name("results"), Path("results")):
        for path in sorted(folder.glob(f"{name}/*.json")):
            try:
                card = json.loads(path.read_text(encoding="utf-8"))
                card["program"], _gap(card["figures"])
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue  # `evolve verify` is what complains about cards
            cards[path.name] = card
    return list(cards.values())


def _gap(splits: dict[str, Any]) -> float | None:
    gap = splits.get("validation", {}).get("gap_mean")
    return None if gap is None else float(gap)


def _standing(one: dict[str, Any] | None) -> str:
    return f"{one['name']}\n{one['gap']:.4g}" if one else ""


# --- show -----------------------------------------------------------------------------------------------------------


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="a shipped problem's name, or a problem folder")],
    as_json: JsonOption = False,
) -> None:
    """Show what a problem asks for: statement, features, splits, limits, reference, baselines."""
    problem = load_problem(name)
    found = _description(problem)
    if as_json:
        print_json(found)
        return
    console.print(f"[bold]{escape(found['title'])}[/bold]  ({found['name']}, {found['family']})", soft_wrap=True)
    _say(f"folder     {found['folder']}")
    if found["self_scored"]:
        console.print(f"[yellow]{SELF_SCORED}[/yellow]", soft_wrap=True)
    _say(f"\n{problem.statement.strip()}\n")
    _say(f"interface  {found['interface']}" + (f": {found['signature']}" if found["signature"] else ""))
    if found["features"]:
        table = Table("feature", "meaning", "of")
        for feature in found["features"]:
            table.add_row(feature["name"], feature["description"], "all items" if feature["scalar"] else "the item")
        console.print(table)
    console.print(_splits_table(found))
    _say(f"gap        {found['scale']}")
    _say(f"reference  {found['reference']['kind']}: {found['reference']['source']}")
    _say("limits     " + ", ".join(f"{key} {value:g}" for key, value in found["limits"].items()))
    if found["papers"]:
        _say(f"papers     {', '.join(found['papers'])}")
    table = Table("baseline", "what it is")
    for rule in found["baselines"]:
        paper = "  (the paper's own rule)" if rule["name"] == found["paper_rule"] else ""
        table.add_row(rule["name"], escape(rule["summary"] + paper))
    if found["baselines"]:
        console.print(table)


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _description(problem: Problem) -> dict[str, Any]:
    evaluator = problem.evaluator
    splits = {}
    for split in problem.splits:
        groups: dict[str, int] = {}
        for instance in problem.instances(split):
            groups[instance.group] = groups.get(instance.group, 0) + 1
        splits[split] = {"instances": sum(groups.values()), "groups": groups}
    return {
        "name": problem.name,
        "title": problem.spec.title,
        "family": problem.spec.family,
        "folder": str(problem.folder),
        "interface": problem.interface,
        "signature": signature(problem),
        "accepts": problem.functions if problem.interface != "program" else ["program"],
        "self_scored": evaluator.self_scored,
        "features": [
            {"name": f.name, "description": f.description, "scalar": f.scalar, "integer": f.integer}
            for f in evaluator.features
        ],
        "splits": splits,
        "scale": evaluator.scale,
        "reference": problem.spec.reference.model_dump(),
        "limits": vars(problem.limits),
        "baselines": [{"name": name, "summary": thought_of(text) or ""} for name, text in problem.baselines.items()],
        "paper_rule": problem.spec.paper_rule,
        "papers": problem.spec.papers,
        "statement": problem.statement,
    }


def _splits_table(found: dict[str, Any]) -> Table:
    table = Table("split", "instances", "classes of instances")
    for split, content in found["splits"].items():
        groups = [f"{group} ({count})" for group, count in content["groups"].items()]
        more = f", … {len(groups)} in all" if len(groups) > 6 else ""
        table.add_row(split, str(content["instances"]), escape(", ".join(groups[:6]) + more))
    return table


# --- new ------------------------------------------------------------------------------------------------------------


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="lower-case letters, digits and _; becomes the folder's name")],
    into: Annotated[Path, typer.Option("--into", help="where the folder is made")] = Path("."),
    openevolve: Annotated[
        Path | None, typer.Option("--openevolve", help="an OpenEvolve evaluator file to use as it is (self-scored)")
    ] = None,
    initial: Annotated[
        Path | None, typer.Option("--initial", help="with --openevolve: the program that a search starts from")
    ] = None,
) -> None:
    """Write a problem folder that works, to start your own from."""
    if openevolve is not None:
        folder = scaffold.wrap_openevolve(name, into, openevolve, initial)
    elif initial is not None:
        raise ProblemError("--initial goes with --openevolve; without it, change initial.py of the folder that is made")
    else:
        folder = scaffold.new_problem(name, into)
    path = scaffold.shown(folder)
    _say(f"wrote {path}; next: evolve problems check {path} · evolve run {path} --candidates 50")
    if openevolve is not None:
        _say(SELF_SCORED)


# --- check ----------------------------------------------------------------------------------------------------------


@app.command("check")
def check(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME|FOLDER]...", help="problems to check")] = None,
    every: Annotated[bool, typer.Option("--all", help="all shipped problems")] = False,
    references: Annotated[bool, typer.Option("--references", help="compute references.json anew")] = False,
    write_standings: Annotated[bool, typer.Option("--standings", help="write what the baselines score anew")] = False,
    sandbox: SandboxOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Check that a problem keeps what a search relies on: programs run, figures repeat, bounds hold."""
    wanted = [*dict.fromkeys([*(names or []), *(problem_names() if every else [])])]
    if not wanted:
        raise ProblemError("name the problems or folders to check, or give --all for the shipped ones")

    def bench(problem: Problem) -> AbstractContextManager[Bench]:
        return _bench(problem, sandbox)

    with _progress() as tell:
        found = []
        for name in wanted:
            found.append(Checker(name, bench, tell, references, write_standings).run())
            if len(wanted) > 1 and not as_json and not sys.stderr.isatty():
                errors.print(f"{name}: {_passed(found[-1])} checks passed", markup=False)
    if as_json:
        print_json([_checked_json(one) for one in found])
    else:
        console.print(_checked_table(found))
        for one in found:
            for note in one.notes:
                _say(f"note: {one.name}: {note}")
    for one in found:
        for line in one.lines():
            errors.print(f"error: {' '.join(line.split())}", markup=False)
    if not all(one.ok for one in found):
        raise typer.Exit(2)


@contextmanager
def _bench(problem: Problem, backend: str) -> Iterator[Bench]:
    """A slot in this process, and an evaluator process with a slot of its own, as runs have them."""
    slot = open_sandbox(backend, "warm", image=problem.spec.image, runtime=problem.spec.runtime)
    pool = EvaluationPool(problem, backend, "warm", 1)
    try:
        yield Bench(slot, lambda source, split, labels: asyncio.run(pool.evaluate(source, split, None, labels)))
    finally:
        pool.close()
        slot.close()


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Where to tell what is being done: a live line on a terminal; elsewhere a line a problem must do."""
    if not sys.stderr.isatty():
        yield lambda line: None
        return
    with errors.status("checking", spinner="line") as status:
        yield lambda line: status.update(escape(line))


def _checked_json(one: Checked) -> dict[str, Any]:
    return {
        "problem": one.name,
        "ok": one.ok,
        "checks": {check: not found for check, found in one.failures.items()},
        "failures": one.lines(),
        "notes": one.notes,
        "programs": one.programs,
        "train_seconds": one.seconds,
    }


def _passed(one: Checked) -> str:
    return f"{sum(not failures for failures in one.failures.values())} of {len(one.failures)}"


def _checked_table(found: list[Checked]) -> Table:
    table = Table("problem", "checks passed", "failed")
    table.add_column("programs", justify="right")
    table.add_column("one evaluation on train", justify="right")
    for one in found:
        failed = [name for name, failures in one.failures.items() if failures]
        seconds = "" if one.seconds is None else f"{one.seconds:.3f} s"
        table.add_row(
            escape(one.name), _passed(one), f"[red]{', '.join(failed)}[/red]", str(one.programs or ""), seconds
        )
    return table
