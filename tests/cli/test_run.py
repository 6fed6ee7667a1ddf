"""Runs as a user sees them: a panel on a terminal, Ctrl-C and resume, a person as the model."""

from __future__ import annotations

import json
import re
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Within
from tests.cli.terminal import Terminal
from tests.fakes.openai_server import FakeServer
from tests.fakes.replies import variation
from tests.fakes.scripts import Step

Serve = Callable[..., FakeServer]
ALONE = ("--strategy", "islands", "--sandbox", "process")  # without the mutator beside the model


def test_without_a_problem(tmp_path: Path, refused: Callable[..., str]) -> None:
    assert "problem" in refused(tmp_path, "run")


# --- on a terminal --------------------------------------------------------------------------------------------------


def test_a_panel_a_diff_and_ctrl_c_then_resume(
    openai_server: Serve, tiny: Path, tmp_path: Path, within: Within
) -> None:
    server = openai_server(lambda index, body: Step(seconds=0.7))
    arguments = ("run", str(tiny), "--model", "fake-small", "--base-url", server.url, *ALONE)
    with Terminal(*arguments, "--candidates", "18", "--parallel", "3", "--no-polish", cwd=tmp_path) as terminal:
        before = termios.tcgetattr(terminal.slave)
        run = terminal.wait_for(r"run (\w{6}): tiny, fake-small, islands")[1]
        terminal.wait_for(r"best on validation +[\d.e+]+ +\(candidate \d+, \w+\) +best baseline: mddc 12\.98")
        terminal.wait_for(r"time +\d:\d\d used, about \d:\d\d left")
        terminal.wait_for(r"budget +[1-9]\d*/18 candidates · \d+ calls · [\d,]+ tokens")
        terminal.wait_for(r"ended +.*\d+ valid")
        assert "--- initial" not in terminal.text
        terminal.press("d")
        terminal.wait_for(r"--- initial")
        terminal.wait_for(r"\+def priority\(|\+    return ")
        terminal.wait_for("d: hide the diff")
        terminal.press("\x03")
        assert terminal.wait() == 0
        assert f"Stopped; nothing is lost. Go on with: evolve resume {run}" in terminal.text
        assert termios.tcgetattr(terminal.slave) == before
    asked = len(server.paid)
    assert 0 < asked < 18
    [row] = json.loads(within(tmp_path, "runs", "--json")[1])
    assert (row["status"], row["champion"]) == ("stopped", None)
    stopped_at = row["candidates"]
    assert 0 < stopped_at < 18
    server.script = ()
    code, out, err = within(tmp_path, "resume", run)
    assert code == 0, err
    assert "Budget used up: 18 candidates." in out
    counts = [int(n) for n in re.findall(r"(\d+)/18 candidates", out)]
    assert all(count > stopped_at for count in counts)  # those of the first session count in
    [row] = json.loads(within(tmp_path, "runs", "--json")[1])
    assert (row["status"], row["candidates"]) == ("finished", 18)
    assert row["champion"]


def test_ctrl_c_with_the_mutator_lets_what_is_in_flight_end(tiny: Path, tmp_path: Path, within: Within) -> None:
    with Terminal("run", str(tiny), "--sandbox", "process", "--candidates", "5000", cwd=tmp_path) as terminal:
        terminal.wait_for(r"budget +[1-9]\d*/5000 candidates")
        terminal.press("\x03")
        assert terminal.wait() == 0
        assert "Stopped; nothing is lost." in terminal.text
    [row] = json.loads(within(tmp_path, "runs", "--json")[1])
    shown = json.loads(within(tmp_path, "show", row["run"], "--json")[1])
    assert shown["status"] == "stopped"
    assert "pending" not in shown["ended"]


# --- a person, or an agent, as the model ----------------------------------------------------------------------------


def test_exchange(tiny: Path, tmp_path: Path, within: Within) -> None:
    answered: dict[str, str] = {}
    over = threading.Event()

    def person() -> None:
        while not over.is_set():
            for prompt in tmp_path.glob("exchange/*/*.prompt.md"):
                stem = prompt.name.removesuffix(".prompt.md")
                if stem in answered:
                    continue
                answered[stem] = prompt.read_text()
                if stem == "2-0":
                    prompt.with_name(f"{stem}.skip").touch()
                else:
                    prompt.with_name(f"{stem}.reply.md").write_text(variation(stem))
            time.sleep(0.05)

    writer = threading.Thread(target=person)
    writer.start()
    try:
        words = ("--proposer", "exchange", "--candidates", "4", "--parallel", "4", *ALONE)
        code, _, err = within(tmp_path, "run", tiny, *words, "--no-polish")
    finally:
        over.set()
        writer.join()
    assert code == 0, err
    assert set(answered) == {"1-0", "2-0", "3-0", "4-0"}
    assert "def priority(p, d, t" in answered["1-0"]
    assert "1-0.reply.md" in answered["1-0"]
    [row] = json.loads(within(tmp_path, "runs", "--json")[1])
    assert (row["proposer"], row["status"], row["candidates"]) == ("exchange", "finished", 4)
    shown = json.loads(within(tmp_path, "show", f"{row['run']}-2", "--json")[1])
    assert shown["status"] == "failed"
    assert "declined" in shown["failure_message"]


def test_a_model_that_breaks_down_says_how_to_go_on(
    openai_server: Serve, tiny: Path, tmp_path: Path, within: Within, refused: Callable[..., str]
) -> None:
    server = openai_server(lambda index, body: Step() if index < 4 else Step("status", status=401))
    words = ("--model", "fake-small", "--base-url", server.url, *ALONE, "--no-polish")
    assert "key" in refused(tmp_path, "run", tiny, *words, "--candidates", "12")
    [row] = json.loads(within(tmp_path, "runs", "--json")[1])
    assert row["status"] == "stopped"
    server.script = ()
    assert within(tmp_path, "resume", row["run"])[0] == 0
    [row] = json.loads(within(tmp_path, "runs", "--json")[1])
    assert (row["status"], row["candidates"]) == ("finished", 12)
