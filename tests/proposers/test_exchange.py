"""Prompts and replies as files."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from evolve.proposers.base import GivenUp, ProposerError, Request
from evolve.proposers.exchange import ExchangeProposer
from evolve.records import Completion, Message


def request(content: str = "Improve it.\udcff") -> Request:
    messages = [Message("system", "You write rules."), Message("user", content)]
    return Request("run7/12/1", "explore", "priority", (), (), messages, None, "seed")


def play(folder: Path, person: Callable[[], Awaitable[None]]) -> Completion:
    async def run() -> Completion:
        proposing = asyncio.create_task(ExchangeProposer(folder).propose(request()))
        await person()
        return await asyncio.wait_for(proposing, 5)

    return asyncio.run(run())


def test_reply(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "exchange"

    async def person() -> None:
        await asyncio.sleep(0.3)
        prompt = (folder / "12-1.prompt.md").read_text()
        assert "12-1.reply.md" in prompt.splitlines()[0]
        assert "You write rules." in prompt
        assert "Improve it.?" in prompt
        (folder / "12-1.reply.md").write_text("\ufeffdéjà vu")

    completion = play(folder, person)
    assert completion.reply == "déjà vu"
    assert (completion.model, completion.cost, completion.error) == (None, None, None)
    assert sorted(file.name for file in folder.iterdir()) == ["12-1.prompt.md", "12-1.reply.md"]


def test_who_is_told_to_hurry_waits_for_nobody_who_has_not_begun(tmp_path: Path) -> None:
    async def run(written: bool) -> Completion:
        proposer = ExchangeProposer(tmp_path)
        proposing = asyncio.create_task(proposer.propose(request()))
        await asyncio.sleep(0.1)
        if written:
            (tmp_path / "12-1.reply.md").write_text("begun")
        proposer.hurry()
        return await asyncio.wait_for(proposing, 5)

    with pytest.raises(GivenUp):
        asyncio.run(run(written=False))
    assert (tmp_path / "12-1.prompt.md").exists()
    assert asyncio.run(run(written=True)).reply == "begun"


def test_half_written_reply_is_not_read(tmp_path: Path) -> None:
    async def person() -> None:
        with (tmp_path / "12-1.reply.md").open("w") as file:
            for part in ("", "one ", "two ", "three"):
                file.write(part)
                file.flush()
                await asyncio.sleep(0.3)

    assert play(tmp_path, person).reply == "one two three"


def test_reply_renamed_into_place(tmp_path: Path) -> None:
    async def person() -> None:
        (tmp_path / "draft").write_text("done")
        await asyncio.sleep(0.7)
        (tmp_path / "draft").rename(tmp_path / "12-1.reply.md")

    assert play(tmp_path, person).reply == "done"


def test_clock_of_the_file_is_ahead(tmp_path: Path) -> None:
    async def person() -> None:
        (tmp_path / "12-1.reply.md").write_text("from the future")
        os.utime(tmp_path / "12-1.reply.md", (time.time() + 9999,) * 2)

    assert play(tmp_path, person).reply == "from the future"


def test_skip(tmp_path: Path) -> None:
    async def person() -> None:
        (tmp_path / "12-1.skip").touch()

    completion = play(tmp_path, person)
    assert completion.reply is None
    assert completion.error == "declined by 12-1.skip"


def test_resume_reads_at_once_and_keeps_the_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evolve.proposers.exchange.POLL_SECONDS", 60)  # a second look would come too late
    (tmp_path / "12-1.prompt.md").write_text("as it was")
    (tmp_path / "12-1.reply.md").write_text("given meanwhile")
    os.utime(tmp_path / "12-1.reply.md", (time.time() - 60,) * 2)

    async def person() -> None:
        pass

    completion = play(tmp_path, person)
    assert completion.reply == "given meanwhile"
    assert (tmp_path / "12-1.prompt.md").read_text() == "as it was"


def test_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    async def person() -> None:
        pass

    with pytest.raises(ProposerError, match="exchange folder"):
        play(tmp_path / "file", person)
