"""Prompts as files, replies as files: a person, or any coding agent, is the model."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path

from evolve.config import RunConfig
from evolve.proposers.base import GivenUp, ProposerError, Request
from evolve.records import Completion, Message

POLL_SECONDS = 0.2
STABLE_SECONDS = 0.5


class ExchangeProposer:
    """Writes `<folder>/<number>-<turn>.prompt.md` and waits, without end, for `<number>-<turn>.reply.md`.

    A reply counts once it is not empty and has not changed for half a second. An empty `<number>-<turn>.skip`
    declines. Files stay, so that a resumed run finds the replies that were given meanwhile.
    """

    name = "exchange"
    reads_prompts = True
    operators: Sequence[str] | None = None

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._hurried = False

    @classmethod
    def from_config(cls, config: RunConfig, run: str) -> ExchangeProposer:
        """For a run: in the folder that the configuration names, or exchange/<run>."""
        return cls(config.exchange or Path("exchange") / run)

    async def propose(self, request: Request) -> Completion:
        """Write the prompt, wait for the reply."""
        started = time.monotonic()
        number, turn = request.key.split("/")[-2:]
        stem = f"{number}-{turn}"
        try:
            self._write(stem, request.messages)
            reply = await self._reply(stem)
        except OSError as error:
            raise ProposerError(
                f"exchange folder {self.folder}: {error.strerror or error} ({error.filename})"
            ) from error
        seconds = time.monotonic() - started
        if reply is None:
            return Completion(None, None, error=f"declined by {stem}.skip", seconds=seconds)
        return Completion(reply, None, seconds=seconds)

    def hurry(self) -> None:
        """Wait for nobody who has not begun to reply; the prompts stay, and so does what is written meanwhile."""
        self._hurried = True

    async def close(self) -> None:
        """Nothing is open between two looks."""

    def _write(self, stem: str, messages: Sequence[Message]) -> None:
        prompt = self.folder / f"{stem}.prompt.md"
        if prompt.exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        parts = [f"<!-- Write the reply into {stem}.reply.md beside this file; an empty {stem}.skip declines. -->"]
        parts += [f"# {message.role}\n\n{message.content.rstrip()}" for message in messages]
        partial = self.folder / f".{stem}.prompt.md.{os.getpid()}"
        partial.write_text("\n\n".join(parts) + "\n", encoding="utf-8", errors="replace")
        partial.replace(prompt)

    async def _reply(self, stem: str) -> str | None:
        file, skip = self.folder / f"{stem}.reply.md", self.folder / f"{stem}.skip"
        last, since = (0, 0), time.monotonic()
        while not skip.exists():
            now = _state(file)
            if now != last:
                last, since = now, time.monotonic()
            # By the file's own time a finished reply is read at the first look; by ours, whatever its clock says.
            quiet = max(time.time() - now[1] / 1e9, time.monotonic() - since)
            if now[0] and quiet >= STABLE_SECONDS:
                return file.read_bytes().decode("utf-8-sig", "replace")
            if self._hurried and not now[0]:
                raise GivenUp
            await asyncio.sleep(POLL_SECONDS)
        return None


def _state(file: Path) -> tuple[int, int]:
    """Size and time of change, (0, 0) where there is no file."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


PROPOSER = ExchangeProposer
