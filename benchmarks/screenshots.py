"""The pictures of docs/review.md: pages of real runs, as Chromium shows them.

    python benchmarks/screenshots.py RUN… [--archive FILE] [--into docs/pictures] [--sandbox docker]

Of each run its own page, its lineage, and its champion: the program, against the baselines, and what it does
differently; of its problem the leaderboard. PNG files called PROBLEM-PAGE.png, below 150 kB each.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from PIL import Image

from evolve.archive import Archive
from evolve.records import Run
from tests.review.chromium import Chromium, Looking
from tests.review.serving import serving

WIDTH, TALLEST = 1200, 1300  # pixels
LARGEST = 150_000  # bytes
PAGES = {
    "run": "/runs/{run}",
    "lineage": "/runs/{run}/lineage",
    "candidate": "/candidates/{champion}",
    "comparison": "/candidates/{champion}/comparison",
    "difference": "/candidates/{champion}/difference",
    "leaderboard": "/problems/{problem}",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--archive")
    parser.add_argument("--into", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--sandbox", default="auto")
    given = parser.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    browser = Chromium()
    with Archive.open(given.archive, create=False) as archive, serving(archive, backend=given.sandbox) as url:
        for run in (archive.run(id) for id in given.runs):
            for looking in browser.looking():
                browser.do(lambda: pictures(run, url, looking, given.into))  # noqa: B023
    browser.close()


def pictures(run: Run, url: str, looking: Looking, folder: Path) -> None:
    """All pictures of a run."""
    for name, path in PAGES.items():
        page = looking.at(url + path.format(run=run.id, champion=run.champion, problem=run.problem))
        top = page.locator("h1").bounding_box()
        below = page.locator("main").bounding_box()
        assert top is not None
        assert below is not None
        height = min(TALLEST, below["y"] + below["height"] - top["y"])
        clip = {"x": 0.0, "y": top["y"] - 12, "width": float(WIDTH), "height": height + 12}
        taken = page.screenshot(full_page=True, clip=clip)  # type: ignore[arg-type]
        file = folder / f"{run.problem}-{name}.png"
        file.write_bytes(small(taken))
        print(f"{file} ({file.stat().st_size / 1000:.0f} kB)")


def small(picture: bytes) -> bytes:
    """The picture in as many colours as LARGEST allows."""
    image, written = Image.open(io.BytesIO(picture)).convert("RGB"), io.BytesIO(picture)
    for colours in (256, 128, 64):
        if len(written.getvalue()) < LARGEST:
            break
        written = io.BytesIO()
        reduced = image.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        reduced.save(written, "PNG", optimize=True)
    return written.getvalue()


if __name__ == "__main__":
    main()
