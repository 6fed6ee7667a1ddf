"""Pages, terminal, frames and report show the same numbers."""

from __future__ import annotations

import base64
import gzip
import json
import re
from html import unescape

import httpx

from evolve.review.formats import gap
from evolve.review.snapshot import snapshot
from tests.cli.conftest import Within
from tests.review.conftest import Reviewed

SPLITS = ("train", "validation", "test")


def cells(html: str, name: str) -> list[str]:
    """The cells of the first table row that is headed by `name`."""
    rows = re.findall(r"<tr.*?</tr>", html, re.DOTALL)
    (row, *_) = [row for row in rows if re.search(rf'<th scope="row">(<[^>]*>)*{re.escape(name)}<', row)]
    found = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
    return [unescape(" ".join(re.sub("<[^>]*>", " ", cell).split())) for cell in found]


def test_figures_of_the_champion(reviewed: Reviewed, within: Within) -> None:
    run, champion = reviewed.mutated, reviewed.champion
    shown = json.loads(within(reviewed.folder, "show", champion.id, "--json")[1])
    figures = {one["split"]: one for one in shown["figures"]}
    assert set(figures) >= set(SPLITS)
    expected = [
        f"{gap(figures[split]['gap_mean'])} {' … '.join(map(gap, figures[split]['gap_ci95']))}" for split in SPLITS
    ]
    page = httpx.get(f"{reviewed.url}/runs/{run.id}").text
    assert cells(page, champion.id)[1:4] == expected
    facts = re.findall(r"<dt>(\w+), mean gap</dt><dd>(.*?)<small>(.*?), n = (\d+)</small>", page)
    assert [(split, f"{mean} {interval}") for split, mean, interval, _ in facts][:3] == list(
        zip(SPLITS, expected, strict=True)
    )
    assert [int(n) for *_, n in facts][:3] == [figures[split]["instances"] for split in SPLITS]

    text, _ = snapshot(reviewed.archive, run, "process")
    kept = json.loads(_unpacked(text))["pages"][f"/runs/{run.id}"]["html"]
    assert cells(kept, champion.id)[1:4] == expected


def test_the_leaderboard_is_that_of_frames_and_terminal(reviewed: Reviewed, within: Within) -> None:
    frame = reviewed.archive.leaderboard("tiny")
    page = httpx.get(f"{reviewed.url}/problems/tiny").text
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    shown = [unescape(re.sub("<[^>]*>", "", name)) for name in re.findall(r'<th scope="row">(.*?)</th>', body)]
    assert shown == [str(name) for name in frame["program"]]
    assert f"{len(frame)} programs" in page
    for row in frame.to_dict(orient="records"):
        wanted = [gap(row[f"gap_{split}"]) for split in SPLITS]
        assert cells(body, row["program"])[4:7] == wanted
    best = json.loads(within(reviewed.folder, "best", "tiny", "--json")[1])
    assert [row["program"] for row in best] == shown[: len(best)]


def test_counts_are_those_of_the_terminal(reviewed: Reviewed, within: Within) -> None:
    for run in (reviewed.mutated, reviewed.written):
        shown = json.loads(within(reviewed.folder, "show", run.id, "--json")[1])
        page = httpx.get(f"{reviewed.url}/runs/{run.id}").text
        for status, count in shown["ended"].items():
            assert cells(page, status)[0] == str(count)
        assert f"<dt>candidates</dt><dd>{shown['candidates']}<small>" in page
        home = cells(httpx.get(reviewed.url).text, run.id)
        assert home[4:6] == [str(shown["candidates"]), str(shown["ended"].get("valid", 0))]
        usage = shown["usage"]
        if usage["calls"]:
            tokens = usage["input_tokens"] + usage["output_tokens"]
            assert f"<dt>model calls</dt><dd>{usage['calls']}<small>{tokens:,} tokens" in page


def _unpacked(report: str) -> bytes:
    (packed,) = re.findall(r'id="pages">([^<]*)<', report)
    return gzip.decompress(base64.b64decode(packed))
