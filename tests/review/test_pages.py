"""Every page of two real runs in a real Chromium."""

from __future__ import annotations

import itertools
import re
from typing import Literal

import pytest

from tests.review.chromium import NARROW, Looking
from tests.review.conftest import Reviewed
from tests.review.looks import assert_sound

pytestmark = pytest.mark.chromium

INKS = """[...document.querySelectorAll('main p, .vega text')].map(
    e => getComputedStyle(e)[e.closest('svg') ? 'fill' : 'color'])"""

PAGES = {
    "runs": "/",
    "run": "/runs/{run}",
    "candidates": "/runs/{run}/candidates",
    "lineage": "/runs/{run}/lineage",
    "champion": "/candidates/{champion}",
    "comparison": "/candidates/{champion}/comparison",
    "difference": "/candidates/{champion}/difference",
    "initial": "/candidates/{run}-0",
    "baseline": "/candidates/{baseline}",
    "problem": "/problems/tiny",
    "run of a model": "/runs/{written}",
    "written by a model": "/candidates/{written}-1",
    "failed": "/candidates/{failed}",
    "nothing": "/runs/none",
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_sound(page: str, reviewed: Reviewed, looking: Looking) -> None:
    names = {
        "run": reviewed.mutated.id,
        "written": reviewed.written.id,
        "champion": reviewed.champion.id,
        "baseline": reviewed.archive.humans(reviewed.mutated.id)[0].id,
        "failed": next(one.id for one in reviewed.archive.glimpses(reviewed.written.id) if one.status == "unparsed"),
    }
    looking.at(reviewed.url + PAGES[page].format(**names))
    if page == "nothing":  # Chromium says so itself
        assert looking.said.pop().endswith("status of 404 (Not Found)")
    assert_sound(looking)
    assert looking.strangers(reviewed.url) == []


def test_tabs_by_keyboard(reviewed: Reviewed, looking: Looking) -> None:
    page = looking.at(f"{reviewed.url}/runs/{reviewed.written.id}")
    tabs = page.get_by_role("tab")
    names = tabs.all_inner_texts()
    assert "calls" in names[0]
    assert len(names) == 4, "calls, wall-clock, evaluations, candidates; nothing was paid"
    tabs.first.focus()
    for key, chosen in (
        ("ArrowRight", 1),
        ("End", 3),
        ("ArrowRight", 0),
        ("ArrowLeft", 3),
        ("Home", 0),
        ("ArrowRight", 1),
    ):
        page.keyboard.press(key)
        looking.drawn()
        assert page.locator("[role=tab][aria-selected=true]").all_inner_texts() == [names[chosen]]
        assert page.evaluate("document.activeElement.textContent") == names[chosen]
        (panel,) = [one for one in page.get_by_role("tabpanel").all() if one.is_visible()]
        assert names[chosen] in panel.locator(".vega svg").text_content()
    assert looking.said == []


def test_filters_change_the_table_and_the_address(reviewed: Reviewed, looking: Looking) -> None:
    run = reviewed.written.id
    page = looking.at(f"{reviewed.url}/runs/{run}/candidates")
    rows = page.locator("#list tbody tr")
    everything = rows.count()
    page.get_by_label("status").select_option("unparsed")
    page.wait_for_url("**status=unparsed**")
    looking.until(f"document.querySelectorAll('#list tbody tr').length < {everything}")
    assert {row.locator("td").first.inner_text() for row in rows.all()} == {"unparsed"}
    page.get_by_label("status").select_option("")
    page.get_by_label("text").press_sequentially("mddc")
    page.wait_for_url("**text=mddc**")
    looking.until("document.querySelectorAll('#list tbody tr').length === 1")
    assert "mddc" in rows.inner_text()
    assert "text=mddc" in page.url
    page.reload()
    assert (page.get_by_label("text").input_value(), rows.count()) == ("mddc", 1), "the address holds the filters"
    rows.get_by_role("link").click()
    page.go_back()
    assert rows.count() == 1, "one step back is the list as it was"
    assert [request for request in looking.asked if "fragment" in request] == []
    assert looking.said == []


def test_leaderboard_filters(reviewed: Reviewed, looking: Looking) -> None:
    page = looking.at(f"{reviewed.url}/problems/tiny")
    page.locator("select[name=by]").select_option("fake-small")
    page.wait_for_url("**by=fake-small**")
    page.wait_for_function(
        "[...document.querySelectorAll('#list tbody tr')].every(r => r.cells[2].textContent === 'fake-small')"
    )
    looking.drawn()
    assert page.locator("#list svg").count() == 1, "the picture follows"
    assert looking.said == []


def test_prompts_and_replies(reviewed: Reviewed, looking: Looking) -> None:
    archive, run = reviewed.archive, reviewed.written.id
    repaired = next(n for n in itertools.count(1) if len(archive.completions(run, n)) > 1)
    page = looking.at(f"{reviewed.url}/candidates/{run}-{repaired}")
    for closed in page.locator("details:not([open]) > summary").all():
        closed.click()
    shown = page.locator("main").inner_text()
    turns = archive.completions(run, repaired)
    said = [message.content for turn, messages, _ in turns for message in (messages if turn == 0 else messages[-1:])]
    said += [completion.reply or "" for _, _, completion in turns]
    for text in said:
        for line in filter(None, map(str.strip, text.splitlines())):
            assert " ".join(line.split()) in " ".join(shown.split()), line
    assert "Turn 2" in shown


def test_where_the_time_goes_is_sampled_when_asked(reviewed: Reviewed, looking: Looking) -> None:
    page = looking.at(f"{reviewed.url}/candidates/{reviewed.champion.id}")
    page.get_by_text("Where its time goes").click()
    looking.until("!document.getElementById('profile-here').textContent.includes('sampling')")
    assert re.search("too quick|share of samples", page.locator("#profile-here").inner_text())
    assert looking.said == []


def test_another_program_beside_it(reviewed: Reviewed, looking: Looking) -> None:
    page = looking.at(f"{reviewed.url}/candidates/{reviewed.champion.id}")
    page.get_by_label("compare with").select_option(label="baseline mddc")
    page.wait_for_url("**beside=**")
    assert "left: mddc" in page.locator("main").inner_text()


def test_another_instance_and_split(reviewed: Reviewed, looking: Looking) -> None:
    page = looking.at(f"{reviewed.url}/candidates/{reviewed.champion.id}/difference")
    page.get_by_label("split").select_option("train")
    page.get_by_label("beside").select_option("edd")
    page.get_by_role("button", name="show").click()
    page.wait_for_url("**split=train**")
    looking.drawn()
    name = reviewed.archive.results(reviewed.champion.id, "train")[2].instance
    page.get_by_label("instance").select_option(label=name)
    page.get_by_role("button", name="show").click()
    page.wait_for_url("**instance=train**")
    looking.drawn()
    shown = page.locator("main").inner_text()
    assert name in shown
    assert re.search(r"edd: [\d.]+ \(total tardiness, units of time\)", shown)
    assert looking.said == []


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_it_prints_black_on_white(ground: Literal["light", "dark"], reviewed: Reviewed, looking: Looking) -> None:
    looking.page.emulate_media(color_scheme=ground)
    page = looking.at(f"{reviewed.url}/runs/{reviewed.mutated.id}")
    on_screen = set(page.evaluate(INKS))
    page.emulate_media(media="print")
    printed = set(page.evaluate(INKS))
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert printed == {"rgb(0, 0, 0)", "rgb(51, 51, 51)"}
    assert printed != on_screen


def test_tables_on_a_phone(reviewed: Reviewed, looking: Looking) -> None:
    """Ideas have a width to be read in; captions stay in view, however far a table is scrolled."""
    looking.page.set_viewport_size({"width": NARROW, "height": 900})
    page = looking.at(f"{reviewed.url}/runs/{reviewed.mutated.id}/lineage")
    assert min(page.evaluate("[...document.querySelectorAll('.idea')].map(e => e.clientWidth)")) >= 250
    wide = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth)"
    assert page.evaluate(f"{wide}.length") == 1
    for place in (0, 150, 10_000):
        page.evaluate(f"{wide}.map(e => e.scrollLeft = {place})")
        edges = f"{wide}.flatMap(e => [...e.querySelectorAll('caption')]).map(e => e.getBoundingClientRect())"
        (edge,) = page.evaluate(f"{edges}.map(e => [e.left, e.right])")
        assert edge[0] >= 0, place
        assert edge[1] <= NARROW, place
