"""The report of a run in a real Chromium: one file, no network."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.cli.conftest import Within
from tests.cli.running import evolve
from tests.review.chromium import Looking
from tests.review.conftest import Reviewed
from tests.review.looks import assert_sound

pytestmark = pytest.mark.chromium


CELLS = "[...document.querySelectorAll('main td, main th, main dd')].map(e => e.textContent.trim())"


@pytest.fixture(scope="module")
def file(reviewed: Reviewed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "run.html"
    done = evolve("report", reviewed.mutated.id[:4], "-o", path, "--sandbox", "process", cwd=reviewed.folder)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rf"wrote {path} \([0-9.]+ MB\)\n", done.stdout), "nothing is left out"
    assert path.stat().st_size < 5e6
    return path


def test_every_page_is_sound_and_every_link_leads_to_one(file: Path, reviewed: Reviewed, looking: Looking) -> None:
    page = looking.at(file.as_uri())
    assert page.locator("h1").inner_text() == "Tardiness, small"
    left, seen = {""}, {""}
    while left:
        page.evaluate("hash => { location.hash = hash; }", left.pop())
        looking.drawn()
        assert "Not in this report" not in page.title()
        hrefs = page.eval_on_selector_all("a", "all => all.map(a => a.getAttribute('href') ?? a.href.baseVal)")
        hrefs += page.eval_on_selector_all("svg a", "all => all.map(a => a.getAttribute('xlink:href'))")
        inside = {href for href in hrefs if href and href != "#main"}
        assert all(href.startswith("#/") for href in inside), inside
        left |= inside - seen
        seen |= inside
    found = {unquote(href[1:]) for href in seen if href}
    at = f"/runs/{reviewed.mutated.id}"
    champion = f"/candidates/{reviewed.champion.id}"
    assert found >= {at, f"{at}/candidates", f"{at}/lineage", "/problems/tiny"}
    assert found >= {champion, f"{champion}/comparison", f"{champion}/difference"}
    assert found >= {f"/candidates/{one.id}" for one in reviewed.archive.glimpses(reviewed.mutated.id)}
    assert not any(reviewed.written.id in path for path in found), "the other run is not in this report"
    assert looking.said == []
    assert {url.split("#")[0] for url in looking.asked if not url.startswith(("data:", "blob:"))} == {file.as_uri()}


@pytest.mark.parametrize("path", ["", "/candidates", "/lineage", "comparison", "difference", "champion", "problem"])
def test_a_page_is_sound(path: str, file: Path, reviewed: Reviewed, looking: Looking) -> None:
    champion = f"/candidates/{reviewed.champion.id}"
    named = {"champion": champion, "problem": "/problems/tiny"}
    named |= {name: f"{champion}/{name}" for name in ("comparison", "difference")}
    looking.at(file.as_uri() + "#" + named.get(path, f"/runs/{reviewed.mutated.id}{path}"))
    assert_sound(looking)


def test_back_and_forth(file: Path, reviewed: Reviewed, looking: Looking) -> None:
    page = looking.at(file.as_uri())
    first = page.title()
    page.get_by_role("navigation").get_by_role("link", name="lineage").click()
    looking.until("document.title.includes('lineage')")
    assert page.locator("nav [aria-current]").all_inner_texts() == ["lineage"]
    page.locator("main table").get_by_role("link").first.click()
    looking.until("document.title === 'initial'")
    assert page.evaluate("document.activeElement.tagName") == "MAIN", "keys go on where the new page begins"
    page.go_back()
    looking.until("document.title.includes('lineage')")
    page.go_back()
    looking.until(f"document.title === {first!r}")
    page.go_forward()
    looking.until("document.title.includes('lineage')")
    page.keyboard.press("Tab")
    page.goto(file.as_uri() + "#/candidates/unknown")
    looking.until("document.title === 'Not in this report'")
    page.goto(file.as_uri() + "#%E0%A4%A")
    looking.until("document.title === 'Not in this report'")
    assert looking.said == []


def test_it_shows_what_the_pages_show(file: Path, reviewed: Reviewed, looking: Looking) -> None:
    for path in (f"/runs/{reviewed.mutated.id}", f"/candidates/{reviewed.champion.id}/comparison"):
        looking.at(reviewed.url + path)
        live = looking.page.eval_on_selector_all(
            "main td, main th, main dd", "all => all.map(e => e.textContent.trim())"
        )
        looking.at(file.as_uri() + "#" + path)
        kept = looking.page.eval_on_selector_all(
            "main td, main th, main dd", "all => all.map(e => e.textContent.trim())"
        )
        assert live == kept


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("none",), "no run 'none' in the archive"),
        (("{run}", "-o", "."), "is a folder"),
        (("{run}", "-o", "nowhere/a.html"), "no such folder"),
        (("{run}", "--archive", "gone.db"), "there is no archive"),
    ],
)
def test_bad_input_is_one_line(words: tuple[str, ...], said: str, reviewed: Reviewed, within: Within) -> None:
    given = [word.format(run=reviewed.mutated.id) for word in words]
    code, out, err = within(reviewed.folder, "report", *given)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err
