"""All pages of a run in one HTML file: they lie compressed in it, and its script shows the one that is asked for."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from importlib.resources import files

from markupsafe import Markup

from evaluators.protocol import EvaluatorBug
from evolve.archive import Archive
from evolve.archive.browsing import Glimpse
from evolve.records import Run
from evolve.review.candidate import candidate_page
from evolve.review.candidates import all_candidates_page
from evolve.review.comparison import comparison_page
from evolve.review.difference import Asked, difference_page
from evolve.review.leaderboard import problem_page
from evolve.review.lineage import lineage_page
from evolve.review.playing import playing
from evolve.review.run import nav_of, run_page
from evolve.review.site import Page, Site
from evolve.visible import visible
from sandbox.session import SandboxError

SCRIPTS = ("vendor/vega.min.js", "vendor/vega-lite.min.js", "vendor/vega-embed.min.js", "review.js")


def snapshot(archive: Archive, run: Run, backend: str = "auto") -> tuple[str, str]:
    """The file's text, and a remark on what it lacks (empty if nothing)."""
    candidates = archive.glimpses(run.id)
    compared = [one for one in candidates if one.id == run.champion or (one.number > 0 and one.gap_test is not None)]
    played, remark = _difference(archive, run, backend)
    site = Site(_paths(run, candidates, compared, played))
    shown = {
        page.path: {"title": visible(page.title), "html": site.render(page, "fragment.html")}
        for page in (*_pages(archive, run, site, candidates, compared), *played)
    }
    store = json.dumps({"pages": shown, "texts": site.texts}, ensure_ascii=False)
    packed = base64.b64encode(gzip.compress(store.encode("utf-8", "replace"), 9, mtime=0)).decode()
    scripts = [_static(name) for name in SCRIPTS]
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    text = site.whole_report(
        title=f"{run.problem} {run.id}",
        policy=f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'",
        style=Markup(_static("review.css")),
        nav=nav_of(run),
        store=Markup(packed),
        scripts=[Markup(script) for script in scripts],
    )
    return text, remark


def _paths(
    run: Run, candidates: Sequence[Glimpse], compared: Sequence[Glimpse], played: Sequence[Page]
) -> frozenset[str]:
    """What `_pages` makes, and what was played: known before, because pages link to each other."""
    at = f"/runs/{run.id}"
    paths = [at, f"{at}/candidates", f"{at}/lineage", f"/problems/{run.problem}"]
    paths += [f"/candidates/{one.id}" for one in candidates]
    paths += [f"/candidates/{one.id}/comparison" for one in compared]
    return frozenset([*paths, *(page.path for page in played)])


def _pages(
    archive: Archive, run: Run, site: Site, candidates: Sequence[Glimpse], compared: Sequence[Glimpse]
) -> Iterator[Page]:
    yield run_page(archive, run)
    yield all_candidates_page(archive, run)
    yield lineage_page(archive, run, site.link)
    yield problem_page(archive, run.problem, {}, site.link)
    for one in candidates:
        yield candidate_page(archive, archive.candidate(one.id))
    for one in compared:
        yield comparison_page(archive, archive.candidate(one.id))


def _difference(archive: Archive, run: Run, backend: str) -> tuple[list[Page], str]:
    """What the champion does differently, unless it cannot be played: then why."""
    if run.champion is None:
        return [], ""
    try:
        champion = archive.candidate(run.champion)
        return [difference_page(archive, champion, playing(backend), Asked(), several=True)], ""
    except (SandboxError, EvaluatorBug) as error:
        return [], f"without what the champion does differently: {error}"


def _static(name: str) -> str:
    # What ends a script element in a string of a script is written otherwise, which changes nothing for the script.
    return (files("evolve.review") / "static" / name).read_text(encoding="utf-8").replace("</script", "<\\/script")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
