"""evolve sandbox build|status and evolve doctor: is everything there that a run needs?"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from typing import Annotated, Any

import typer
from rich.table import Table

from evaluators.problem import problem_names
from evolve.archive import Archive, ArchiveError
from evolve.cli.common import ArchiveOption, JsonOption, console, print_json
from evolve.proposers.base import ProposerError
from sandbox.image import build_image
from sandbox.pool import load_backend
from sandbox.session import SandboxError
from sandbox.status import status as backend_status

app = typer.Typer(no_args_is_help=True, help="The sandbox that candidates run in.")


def register(main: typer.Typer) -> None:
    """Add this module's top-level commands."""
    main.command("doctor")(doctor)


@app.command("build")
def build(
    rootfs: Annotated[bool, typer.Option("--rootfs", help="base from Debian packages, without a registry")] = False,
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="nothing to do without a daemon, or with an image")
    ] = False,
) -> None:
    """Build the Docker image."""
    if if_missing:
        _build_if_missing()
        return
    console.print(f"built {build_image(rootfs=rootfs, report=_report)}")


def _report(line: str) -> None:
    console.print(line, markup=False, highlight=False)


def _build_if_missing() -> None:
    """For `make`: use Docker where it is there, by whichever way works, and go on without where it is not."""
    problem = load_backend("docker").available()
    if problem is None:
        return
    if "image" not in problem:
        _report(f"docker is not used: {problem}")
        return
    lines: list[str] = []
    for rootfs in (False, True):
        _report(f"building the sandbox image {'from Debian packages' if rootfs else 'from its Dockerfile'}")
        try:
            _report(f"built {build_image(rootfs=rootfs, report=lines.append)}")
        except SandboxError as error:
            _report(f"that did not work: {error}")
        else:
            return
    _report("docker is not used: its image could not be built; `evolve sandbox build` shows why")


@app.command("status")
def status(as_json: JsonOption = False) -> None:
    """Which sandboxes work here, and what each isolates."""
    rows = _backends()
    if as_json:
        print_json(rows)
        return
    table = Table("sandbox", "works", "detail", "what keeps candidates in")
    for row in rows:
        table.add_row(row["name"], "yes" if row["available"] else "no", row["detail"], ", ".join(row["mechanisms"]))
    console.print(table)


def _backends() -> list[dict[str, Any]]:
    return [
        {"name": b.name, "available": b.available, "detail": b.detail, "mechanisms": list(b.mechanisms)}
        for b in backend_status()
    ]


def doctor(
    base_url: Annotated[str | None, typer.Option(envvar="OPENAI_BASE_URL", help="endpoint to check")] = None,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check what a run needs: Python, sandboxes, problems, archive, endpoint."""
    checks = [("python", True, sys.version.split()[0]), ("cores", True, str(os.cpu_count()))]
    backends = _backends()
    checks += [(f"sandbox {row['name']}", row["available"], row["detail"]) for row in backends]
    checks.append(("problems", bool(problem_names()), ", ".join(problem_names())))
    free = shutil.disk_usage(".").free / 1e9
    checks.append(("disk", free > 1, f"{free:.1f} GB free"))
    try:
        with Archive.open(archive, create=False) as opened:
            checks.append(("archive", True, f"{opened.url}: {len(opened.runs())} runs"))
    except ArchiveError as error:
        checks.append(("archive", archive is None, f"{error}" if archive else "none yet; evolve run makes evolve.db"))
    checks.append(_endpoint(base_url))
    if as_json:
        print_json([{"check": name, "ok": ok, "detail": detail} for name, ok, detail in checks])
    else:
        table = Table("check", "", "detail")
        for name, ok, detail in checks:
            table.add_row(name, "ok" if ok else "[yellow]no[/yellow]", detail)
        console.print(table)
    if not any(row["available"] for row in backends):
        raise typer.Exit(2)


def _endpoint(base_url: str | None) -> tuple[str, bool, str]:
    if base_url is None and "OPENAI_API_KEY" not in os.environ:
        return ("model", True, "none configured: the built-in mutator needs none; set OPENAI_API_KEY or --base-url")
    from evolve.proposers.openai import OpenAIProposer

    async def check() -> str:
        proposer = OpenAIProposer(base_url=base_url)
        try:
            return await proposer.check()
        finally:
            await proposer.close()

    try:
        return ("model", True, asyncio.run(check()))
    except ProposerError as error:
        return ("model", False, str(error))
