"""What the page of a run, of a candidate and of a comparison say in a sentence, and which baselines they show."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from evolve.archive import Archive
from evolve.records import BUILT_IN
from evolve.review.comparison import COLUMNS
from evolve.review.snapshot import snapshot
from tests.archive import samples
from tests.review.serving import serving

VALID: dict[str, Any] = {"status": "valid", "gaps": {"train": 1.0}}


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(tmp_path / "a.db") as archive:
        yield archive


def page(archive: Archive, path: str) -> str:
    with serving(archive) as url:
        answer = httpx.get(url + path)
    assert answer.status_code == 200, path
    return unescape(answer.text)


def programs(html: str) -> list[str]:
    """Programs of the table of figures."""
    table = html.partition("<th>program</th>")[2].partition("</table>")[0]
    return re.findall(r'<th scope="row"><a[^>]*>(.*?)</a>', table)


def paths_in(report: str) -> set[str]:
    """The pages that a report holds."""
    (packed,) = re.findall(r'id="pages">([^<]*)<', report)
    return set(json.loads(gzip.decompress(base64.b64decode(packed)))["pages"])


def save(archive: Archive, number: int, gap: float, **fields: Any) -> None:
    archive.save_candidate(samples.candidate(number, **VALID, **fields), {"train": samples.results(gap=gap)})


def test_a_champion_that_is_the_initial_program(archive: Archive) -> None:
    archive.create_run(samples.run(champion="k3f9qz-0", status="finished"))
    save(archive, 0, 5.0, name="initial")
    save(archive, -1, 2.0, name="edd")
    html = page(archive, "/runs/k3f9qz")
    assert "The champion is the initial program itself. initial: mean gap 6 on train, worse than edd" in html
    assert "<dt>train, mean gap</dt><dd>6<" in html
    assert programs(html) == ["edd", "initial"]
    assert 'href="/candidates/k3f9qz-0/comparison"' in html
    pages = snapshot(archive, archive.run("k3f9qz"), "process")[0]
    assert {"/candidates/k3f9qz-0/comparison", "/candidates/k3f9qz-0/difference"} <= paths_in(pages)


@pytest.mark.parametrize(
    ("number", "fields", "says"),
    [
        (0, {"name": "initial"}, "Diamond: the champion, which is the initial program, on validation. Gap:"),
        (1, {"told": 1}, "Diamond: the champion k3f9qz-1, on validation. Gap:"),
        (1, {"told": 1, "proposer": BUILT_IN}, "on validation, which the end of the run made of a candidate. Gap:"),
    ],
)
def test_the_caption_names_the_champion(number: int, fields: dict[str, Any], says: str, archive: Archive) -> None:
    archive.create_run(samples.run(champion=f"k3f9qz-{number}"))
    for other in (0, 1, 2):
        more = fields if other == number else {"told": other or None}
        archive.save_candidate(
            samples.candidate(other, status="valid", gaps={"train": 2.0, "validation": 1.0}, **more),
            {"train": samples.results()},
        )
    html = page(archive, "/runs/k3f9qz")
    captions = re.findall("<figcaption>(.*?)</figcaption>", html)
    assert captions
    assert all(says in caption for caption in captions)


def test_a_run_that_ended_with_nothing(archive: Archive) -> None:
    archive.create_run(samples.run(status="finished"))
    archive.save_candidate(samples.candidate(1, status="invalid"))
    assert "No candidate ran on every train instance." in page(archive, "/runs/k3f9qz")


def test_how_many_baselines_there_are(archive: Archive) -> None:
    archive.create_run(samples.run(champion="k3f9qz-1"))
    save(archive, 0, 50.0, name="initial")
    for number in range(1, 10):
        save(archive, -number, 10.0 + number, name=f"rule{number}")
    save(archive, 1, 30.0)
    rules = [f"rule{number}" for number in range(1, 10)]
    assert programs(page(archive, "/runs/k3f9qz")) == [*rules, "k3f9qz-1", "initial"]
    html = page(archive, "/candidates/k3f9qz-1")
    assert programs(html) == [*rules[:4], "k3f9qz-1", "initial"]
    assert 'Beside the best 4 of 9 baselines; <a href="/runs/k3f9qz">all of them</a>' in html


def test_few_baselines_are_all_there(archive: Archive) -> None:
    archive.create_run(samples.run())
    save(archive, -1, 10.0, name="edd")
    save(archive, 1, 30.0)
    html = page(archive, "/candidates/k3f9qz-1")
    assert programs(html) == ["edd", "k3f9qz-1"]
    assert "baselines; " not in html


@pytest.mark.parametrize(
    ("costs", "says"),
    [
        ((0.25, 0.5), "220 tokens, $0.7500<"),
        ((None, None), "220 tokens, price unknown<"),
        ((0.25, None), "220 tokens, $0.2500, without 1 of 2 calls, whose price is unknown<"),
    ],
)
@pytest.mark.parametrize("model", ["fake-small", None])  # what is written into the exchange names no model
def test_calls_without_a_price(
    costs: tuple[float | None, float | None], says: str, model: str | None, archive: Archive
) -> None:
    archive.create_run(samples.run())
    for number, cost in enumerate(costs, start=1):
        archive.save_candidate(samples.candidate(number, status="unparsed"))
        completion = replace(samples.completion(cost=cost), model=model)
        archive.save_completion("k3f9qz", number, 0, "key", samples.PROMPT, completion)
    html = page(archive, "/runs/k3f9qz")
    assert says in html
    used = re.findall(r'<th scope="row">cost</th><td class="n">(.*?)</td>', html)
    assert used == [says.removeprefix("220 tokens, ").removesuffix("<")]
    assert ('<td class="n">price unknown</td></tr>' in html) == (None in costs)


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        (1, "All instances are of one class, n=0."),
        (COLUMNS, None),
        (COLUMNS + 1, f"{COLUMNS + 1} classes, more than a table can show; by instance below."),
    ],
)
def test_classes_that_no_table_shows(classes: int, says: str | None, archive: Archive) -> None:
    archive.create_run(samples.run())
    found = [replace(one, group=f"n={at % classes}") for at, one in enumerate(samples.results(2 * COLUMNS))]
    for number, name in ((-1, "edd"), (1, None)):
        archive.save_candidate(samples.candidate(number, name=name, **VALID), {"train": found})
    html = page(archive, "/candidates/k3f9qz-1/comparison")
    assert "<h3>By class</h3>" in html
    assert ("Mean gap of each class" in html) == (says is None)
    assert says is None or f'<p class="soft">{says}</p>' in html
