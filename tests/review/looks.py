"""What must hold of every page, whatever it shows."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from tests.review.chromium import NARROW, WIDE, Looking

SEEN = """() => ({
  title: document.title,
  headings: [...document.querySelectorAll('h1,h2,h3,h4')].map(h => [Number(h.tagName[1]), h.textContent.trim()]),
  columns: [...document.querySelectorAll('table')].map(t => [t.className,
    t.tHead ? [...t.tHead.rows[0].cells].map(c => c.tagName + ':' + c.textContent.trim()) : null,
    [...t.rows].map(r => [...r.cells].reduce((n, c) => n + c.colSpan, 0)), [...t.tBodies].flatMap(b => [...b.rows])
      .filter(r => !r.querySelector('th') && !r.querySelector('[colspan]')).length]),
  pictures: [...document.querySelectorAll('.vega')].map(p => [p.offsetParent !== null, !!p.querySelector('svg'),
    p.textContent.slice(0, 200)]),
  specs: [...document.querySelectorAll('.vega')].map(p => document.getElementById(p.dataset.spec).textContent),
  labels: [...document.querySelectorAll('input,select')].filter(i => !i.labels.length && !i.ariaLabel).length,
  names: [...document.querySelectorAll('a,button,summary')].filter(a => !a.textContent.trim() && !a.ariaLabel).length,
  ids: [...document.querySelectorAll('[id]')].map(e => e.id).filter((id, at, all) => all.indexOf(id) !== at),
})"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def assert_sound(looking: Looking) -> None:
    """The page is quiet, fits on a desktop and a phone, and has its headings, tables and pictures as they must be."""
    seen = looking.page.evaluate(SEEN)
    levels = [level for level, _ in seen["headings"]]
    assert levels[:1] == [1], seen["headings"]
    assert levels.count(1) == 1, seen["headings"]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), seen["headings"]
    assert all(text for _, text in seen["headings"])
    assert seen["title"]
    assert (seen["labels"], seen["names"], seen["ids"]) == (0, 0, [])
    for kind, head, widths, unnamed in seen["columns"]:
        if kind == "diff":
            continue
        if head is not None:
            assert all(cell.startswith("TH:") and len(cell) > 3 for cell in head), head
        assert head is not None or unnamed == 0, "a table without a head has one in every row"
        assert len(set(widths)) <= 1, (head, widths)
    for visible, drawn, text in seen["pictures"]:
        assert drawn or not visible, text
        assert "cannot be drawn" not in text, text
        assert not any(word in text for word in ("NaN", "undefined", "Infinity")), text
    for spec in map(json.loads, seen["specs"]):
        assert spec["description"]
        untitled = [channel for channel, axis in axes(spec) if not axis.get("title")]
        assert not untitled, (untitled, spec["description"])
    for width in (WIDE, NARROW):  # as it was opened, first
        looking.page.set_viewport_size({"width": width, "height": 900})
        looking.drawn()
        assert looking.page.evaluate(WIDER) <= 0, f"wider than {width} pixels: {widest(looking, width)}"
    said = looking.said
    assert said == [], seen["headings"]


def axes(spec: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The channels x and y of a specification that have an axis."""
    if isinstance(spec, list):
        for one in spec:
            yield from axes(one)
    if isinstance(spec, dict):
        for name, one in spec.items():
            if name in ("x", "y") and isinstance(one, dict) and "field" in one and one.get("axis", {}) is not None:
                yield name, one
            elif name not in ("data", "datasets"):
                yield from axes(one)


def widest(looking: Looking, width: int) -> Any:
    """What sticks out, for a failure's message."""
    return looking.page.evaluate(
        "width => [...document.querySelectorAll('main *, nav *')].filter(e => !e.closest('.scroll') && "
        "e.getBoundingClientRect().right > width + 1).slice(0, 5).map(e => e.outerHTML.slice(0, 120))",
        width,
    )
