"""evolve meter: count and limit what another engine asks of a model."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from evolve.budget import Limits


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("meter")(meter)


def meter(
    upstream: Annotated[str, typer.Option(help="the endpoint to pass calls on to, for example http://host/v1")],
    out: Annotated[Path, typer.Option(help="summary, FILE.json; the calls go to FILE.jsonl beside it")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="port on this machine [default: any]")] = 0,
    calls: Annotated[int | None, typer.Option(min=1, help="budget: answered calls")] = None,
    tokens: Annotated[int | None, typer.Option(min=1, help="budget: tokens, input and output")] = None,
) -> None:
    """Count what another engine asks of a model, and refuse what is over a budget. Stopped, it goes on counting."""
    from evolve.bench.ledger import Ledger
    from evolve.bench.meter import listen, serve, shown

    where = shown(upstream)
    with listen(port) as listening:
        ledger = Ledger(out, where, Limits(calls=calls, tokens=tokens))
        host, bound = listening.getsockname()
        print(f"http://{host}:{bound}/v1", flush=True)
        try:
            asyncio.run(serve(upstream, ledger, listening))
        finally:
            ledger.close()
