"""Whatever a program, a model or an instance is called and says is text on a page, and harms nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from evolve.archive import Archive
from evolve.records import Run
from evolve.review.code import LINES, coloured, side_by_side
from evolve.review.snapshot import snapshot
from evolve.visible import visible
from tests.review import hostile
from tests.review.chromium import Looking
from tests.review.looks import assert_sound
from tests.review.serving import serving

LARGEST = 400_000  # bytes of a page
TEXT = "document.title + document.querySelector('main').textContent"
PAGES = {
    "runs": "/",
    "run": "/runs/{id}",
    "candidates": "/runs/{id}/candidates",
    "lineage": "/runs/{id}/lineage",
    "champion": "/candidates/{id}-1",
    "failed": "/candidates/{id}-2",
    "long": "/candidates/{id}-3",
    "baseline": "/candidates/{id}--1",
    "comparison": "/candidates/{id}-1/comparison",
    "difference": "/candidates/{id}-1/difference",
    "sought": "/runs/{id}/candidates?text=%3Cscript%3E%00%E2%80%AE",
    "refused": "/runs/{id}/candidates?operator=%22%3E%3Cscript%3E%00%E2%80%AE",
}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Archive, Run, str]]:
    path = tmp_path_factory.mktemp("hostile") / "evolve.db"
    with Archive.open(path) as archive:
        run = hostile.fill(archive)
        with serving(archive) as url:
            yield archive, run, url


@pytest.mark.chromium
@pytest.mark.parametrize("name", [*PAGES, "problem"])
def test_a_page_shows_it_as_text(name: str, attacked: tuple[Archive, Run, str], looking: Looking) -> None:
    _, run, url = attacked
    if name == "problem":
        page = looking.at(url)
        page.get_by_role("row").filter(has_text="hacked = 8").first.get_by_role("link").first.click()
        page.wait_for_url("**/problems/**")
        looking.drawn()
    else:
        page = looking.at(url + PAGES[name].format(id=run.id))
    if name == "refused":  # Chromium says so itself
        assert looking.said.pop().endswith("status of 400 (Bad Request)")
    assert not set(hostile.UNSEEN) & set(page.evaluate(TEXT))
    assert len(page.content()) < LARGEST
    assert_sound(looking)
    for mark in page.locator(".vega svg [role=graphics-symbol]:visible").all()[:3]:
        mark.hover(force=True, position={"x": 2, "y": 2})
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, iframe, object, embed, base, form[action^=javascript]").count() == 0
    shown = page.locator("body").inner_text()
    if name != "sought":
        assert "window.hacked" in shown
    assert looking.strangers(url) == []


@pytest.mark.chromium
def test_a_report_shows_it_as_text(attacked: tuple[Archive, Run, str], looking: Looking, tmp_path: Path) -> None:
    archive, run, _ = attacked
    text, remark = snapshot(archive, run, "process")
    assert remark == ""
    assert len(text) < 3e6
    file = tmp_path / "report.html"
    file.write_text(text, encoding="utf-8")
    for path in (*PAGES.values(), f"/problems/{hostile.NAME}"):
        if path in ("/", PAGES["sought"], PAGES["refused"]):
            continue
        looking.at(f"{file.as_uri()}#{quote(path.format(id=run.id))}")
        looking.drawn()
        assert "Not in this report" not in looking.page.title() or path.endswith("difference")
        assert looking.page.evaluate("window.hacked") is None
        assert not set(hostile.UNSEEN) & set(looking.page.evaluate(TEXT))
    assert looking.said == []
    assert looking.strangers(file.as_uri()) == []


def test_no_byte_of_it_reaches_a_script(attacked: tuple[Archive, Run, str]) -> None:
    """In the page as it is sent, a script element holds JSON without a bracket, and none is the archive's."""
    _, run, url = attacked
    for path in PAGES.values():
        text = httpx.get(url + path.format(id=run.id)).text
        scripts = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL | re.IGNORECASE)
        assert len(scripts) == len(re.findall("<script", text, re.IGNORECASE))
        for head, body in scripts:
            assert 'src="/static/' in head or "application/json" in head
            assert "<" not in body
            assert body.isascii()


def test_what_cannot_be_seen_is_shown() -> None:
    assert visible("a\x00b\r\nc\td\x1b\r") == "a␀b\nc\td␛␍"
    assert visible("\u202e\u2066\ud800\ufeff\x7f\u2028") == "⟨U+202E⟩⟨U+2066⟩⟨U+D800⟩⟨U+FEFF⟩⟨U+007F⟩⟨U+2028⟩"
    assert visible("x" * 1000, 10) == "xxxxxxxxxx\n… 990 more characters"
    assert visible("größer, 日本語 🙂") == "größer, 日本語 🙂"


@pytest.mark.parametrize(
    "text", ["\n" * 20_000, "a\n" * 10_000, "(" * 20_000, "'" * 20_000, '"""' * 6_000, "\\" * 20_000, "a\nb\n" * 5_000]
)
def test_no_program_takes_long_to_show(text: str) -> None:
    assert len(coloured(text)) < 2e6
    assert len(side_by_side(text, "x" + text[:-7] + "y")) <= 2 * LINES
