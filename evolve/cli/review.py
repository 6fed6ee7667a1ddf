"""evolve review, report: look at runs."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from evolve.archive import Archive
from evolve.cli.common import ArchiveOption, SandboxOption, console, spinner
from evolve.config import ConfigError


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("review")(review)
    app.command("report")(report)


def review(
    host: Annotated[str, typer.Option(help="address to listen on; another than loopback asks for a token")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 8000,
    sandbox: SandboxOption = "auto",
    archive: ArchiveOption = None,
) -> None:
    """Show all runs of an archive as pages that follow what goes on. Ctrl-C ends it."""
    import socket

    import uvicorn

    from evolve.review.guard import LOOPBACK
    from evolve.review.server import application

    with Archive.open(archive, create=False) as opened:
        token = None if host in LOOPBACK else secrets.token_urlsafe(24)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # With its protocol named, asyncio sends small answers at once; else each waits 40 ms for the one before.
        with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((host, port))
            except (OSError, UnicodeError) as error:
                reason = getattr(error, "strerror", None) or "no address"
                raise ConfigError(f"{host}:{port}: {reason}; choose another with --host and --port") from None
            listener.listen(64)
            name = f"[{host}]" if ":" in host else host
            address = f"http://{name}:{listener.getsockname()[1]}/" + (f"?token={token}" if token else "")
            console.print(address, markup=False, soft_wrap=True)
            pages = application(opened, sandbox, token)
            settings = uvicorn.Config(pages, log_level="warning", lifespan="off", timeout_graceful_shutdown=2)
            uvicorn.Server(settings).run([listener])


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="a run's id, or its beginning")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="file to write [default: RUN.html]")] = None,
    sandbox: SandboxOption = "auto",
    archive: ArchiveOption = None,
) -> None:
    """Write all pages of a run into one HTML file that needs no network."""
    from evolve.review.snapshot import snapshot

    with Archive.open(archive, create=False) as opened:
        found = opened.run(run)
        path = output or Path(f"{found.id}.html")
        if path.is_dir() or not path.parent.is_dir():
            raise ConfigError(f"{path}: {'is a folder' if path.is_dir() else 'there is no such folder'}; name a file")
        with spinner("writing"):
            text, remark = snapshot(opened, found, sandbox)
        path.write_text(text, encoding="utf-8")
    console.print(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB)" + (f"; {remark}" if remark else ""))
