"""An open page follows a run that goes on in another process."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evolve.archive import Archive
from tests.archive import samples
from tests.review.chromium import Looking
from tests.review.serving import serving

pytestmark = pytest.mark.chromium

WORDS = ("--proposer", "mutator", "--candidates", "5000", "--parallel", "1", "--seed", "3", "--sandbox", "process")


def test_a_run_is_followed(tiny: Path, tmp_path: Path, looking: Looking) -> None:
    shutil.copytree(tiny, tmp_path / "tiny")
    with Archive.open(tmp_path / "evolve.db") as archive, serving(archive) as url:
        page = looking.at(url)
        assert "holds no run" in page.locator("main").inner_text()
        running = subprocess.Popen(
            [sys.executable, "-m", "evolve", "run", "tiny", *WORDS],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            looking.until("document.querySelector('main .live')", 60)
            page.get_by_role("link", name=archive.runs()[0].id).click()
            looking.until("document.querySelectorAll('[role=tab]').length > 2", 60)
            looking.drawn()
            page.get_by_text("settings, evolve").click()
            page.get_by_role("tab", name="candidates").click()
            chosen = "candidates"
            for _ in range(2):
                _follows(archive, looking)
                assert page.locator("[role=tab][aria-selected=true]").inner_text() == chosen
                assert page.evaluate("document.activeElement.textContent") == chosen, "the keyboard stays where it was"
                assert page.locator("details[open]").count() == 1, "what was opened stays open"
            looking.drawn()
            assert page.locator("[role=tabpanel]:not([hidden]) .vega svg").count() == 1
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(60)
        looking.until("!document.querySelector('main .live')", 60)
    assert [said for said in looking.said if "ERR_CONNECTION_REFUSED" not in said] == []


def _follows(archive: Archive, looking: Looking) -> None:
    """The page shows as many candidates as the archive holds now, sooner or later, without being asked again."""
    (run,) = archive.runs()
    end = time.monotonic() + 60
    shown = -1
    held = sum(archive.counts(run.id).values())
    while shown <= held:
        assert time.monotonic() < end, f"{shown} candidates are shown, {held} were there a minute ago"
        looking.page.wait_for_timeout(50)
        text = looking.page.evaluate(
            "[...document.querySelectorAll('dt')].find(e => e.textContent === 'candidates').nextSibling.firstChild.data"
        )
        shown = int(text.replace(",", ""))


def test_nothing_moves_while_nothing_happens(tmp_path: Path, looking: Looking) -> None:
    with Archive.open(tmp_path / "evolve.db") as archive, serving(archive) as url:
        archive.create_run(samples.run())
        page = looking.at(f"{url}/runs/k3f9qz")
        page.evaluate("document.querySelector('#run').firstElementChild.dataset.mark = 'the same'")
        looking.page.wait_for_timeout(1500)
        assert [asked for asked in looking.asked if "/part/" in asked], "it asks"
        assert page.locator("[data-mark]").count() == 1, "and gets nothing"
        archive.save_candidate(samples.candidate(1, status="invalid", told=1, finished=2.0))
        looking.until("document.querySelector('main').textContent.includes('invalid')")
        assert page.locator("[data-mark]").count() == 0
