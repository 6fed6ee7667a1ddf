"""The page that lists the candidates of a run: filtered, sorted and in pieces; or all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from evolve.archive import Archive
from evolve.archive.browsing import Column, Listing, Wanted
from evolve.records import STATUSES, Run
from evolve.review.run import nav_of
from evolve.review.site import BadAddress, Page, known, whole

ROWS = 50
SORTS: dict[Column, str] = {
    "gap_validation": "validation",
    "gap_train": "train",
    "gap_test": "test",
    "number": "number",
    "size": "nodes",
    "decision_seconds": "time on train",
}
FILTERS = {"status": "has the status", "operator": "comes from the operator", "by": "is by"}


def candidates_page(archive: Archive, run: Run, query: Mapping[str, str]) -> Page:
    """The candidates that an address asks for. Raises BadAddress.

    query: `text`, `status`, `operator`, `by`, `sort` (of SORTS), `falling` and `offset`; what is left out or empty
    stands for all, or the beginning.
    """
    sort = query.get("sort") or "gap_validation"
    if sort not in SORTS:
        raise BadAddress(f"candidates cannot be sorted by {sort[:40]!r}; there are {', '.join(SORTS)}")
    choices = _choices(archive, run, query)
    wanted = Wanted(
        run=run.id,
        status=query.get("status") or None,
        operator=query.get("operator") or None,
        by=query.get("by") or None,
        text=query.get("text", ""),
        sort=sort,
        falling=bool(query.get("falling")),
        limit=ROWS,
        offset=whole(query.get("offset") or "0", "offset"),
    )
    listing = archive.listing(wanted)
    if wanted.offset and wanted.offset >= listing.total:
        raise BadAddress(f"the list has {listing.total} candidates: none is at offset {wanted.offset}")
    starts = {
        "earlier": max(0, wanted.offset - ROWS) if wanted.offset else None,
        "later": wanted.offset + ROWS if wanted.offset + ROWS < listing.total else None,
    }
    turns = {name: None if at is None else "?" + urlencode({**query, "offset": at}) for name, at in starts.items()}
    return _page(run, listing, wanted, choices=choices, **turns)


def _choices(archive: Archive, run: Run, query: Mapping[str, str]) -> dict[str, list[str]]:
    """What there is to filter by. Raises BadAddress for what there is not."""
    there = archive.choices(run=run.id)
    status = query.get("status")
    if status in STATUSES and status not in there["status"]:  # while a run goes on, statuses come and go
        there["status"] = sorted([*there["status"], status])
    for name, words in FILTERS.items():
        known(query.get(name) or None, there[name], f"no candidate of this run {words}")
    return there


def all_candidates_page(archive: Archive, run: Run) -> Page:
    """All candidates of a run by their gap on validation."""
    found = archive.glimpses(run.id)
    found.sort(key=lambda one: (one.gap_validation is None, one.gap_validation or 0.0, one.number))
    return _page(run, Listing(found, len(found)), Wanted(run=run.id), choices={}, earlier=None, later=None)


def _page(run: Run, listing: Listing, wanted: Wanted, **context: Any) -> Page:
    at = f"/runs/{run.id}/candidates"
    shown = {"base": at, "rows": listing.rows, "total": listing.total, "wanted": wanted, "sorts": SORTS, **context}
    return Page(at, f"candidates of {run.id}", "candidates.html", {"run": run, **shown}, nav_of(run))
