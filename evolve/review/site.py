"""Pages made of templates, with the same links and texts whether they are served or lie in one file."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from evolve.figures import p_text
from evolve.review import code, formats
from evolve.visible import visible

LONG = 600  # characters: longer texts of a report are kept once, however many pages show them


class BadAddress(Exception):
    """An address asks for something that cannot be: one line that says what."""


def whole(text: str, name: str) -> int:
    """A whole number in an address. Raises BadAddress."""
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadAddress(f"{name} must be a whole number from 0 on, not {text[:40]!r}")
    return int(text)


def known(name: str | None, there: Iterable[str], words: str) -> str | None:
    """What an address names, if anything. Raises BadAddress where there is no such thing."""
    if name is not None and name not in there:
        raise BadAddress(f"{words} {name[:40]!r}; there are {', '.join(there) or 'none'}")
    return name


@dataclass(frozen=True)
class Page:
    """What a template shows. `path` is its address, `nav` the links in its head: (text, path)."""

    path: str
    title: str
    template: str
    context: Mapping[str, Any]
    nav: tuple[tuple[str, str], ...] = ()


@dataclass
class Site:
    """Renders pages. In a report, which holds `paths`, links lead within the file, nothing is asked of a server, and
    long texts are gathered in `texts`."""

    paths: frozenset[str] | None = None
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._known: dict[str, int] = {}
        self._pictures = itertools.count(1)  # pages are made in several threads
        self._environment = Environment(
            loader=PackageLoader("evolve.review"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {
            "link": self.link,
            "anchor": self._anchor,
            "static": self.paths is not None,
            "picture": self._picture,
            "text": self._text,
            "code": code.coloured,
            "diff": code.side_by_side,
        }
        names = ("gap", "signed", "seconds", "count", "percent", "money", "moment")
        self._environment.filters |= {name: getattr(formats, name) for name in names}
        self._environment.filters |= {"p_text": p_text, "visible": visible}

    def link(self, path: str) -> str | None:
        """The address of a page as pages refer to it, None for one that a report does not hold."""
        address = quote(path, errors="replace")
        if self.paths is None:
            return address
        return "#" + address if path in self.paths else None

    def render(self, page: Page, layout: str = "layout.html") -> str:
        """A page as HTML; with "fragment.html" what stands in its main part."""
        return self._environment.get_template(page.template).render(page=page, layout=layout, **page.context)

    def whole_report(self, **context: Any) -> str:
        """The file of a report, around its pages."""
        return self._environment.get_template("report.html").render(**context)

    def _anchor(self, path: str, text: object) -> Markup:
        """A link with its text; the text alone where there is no such page."""
        address, shown = self.link(path), visible(text)
        return escape(shown) if address is None else Markup('<a href="{}">{}</a>').format(address, shown)

    def _picture(self, spec: Mapping[str, Any], caption: str) -> Markup:
        name = f"picture{next(self._pictures)}"
        return Markup(
            '<figure><div class="vega" data-spec="{name}" style="min-height: {height}px"></div>'
            '<script type="application/json" id="{name}">{spec}</script><figcaption>{caption}</figcaption></figure>'
        ).format(
            name=name,
            # Room is kept: where a running search brings new pictures, nothing below them jumps.
            height=spec.get("height", 0),
            spec=formats.script_json({"description": caption, **spec}),
            caption=visible(caption, 1000),
        )

    def _text(self, text: object) -> Markup:
        """A text as it is; a long one of a report by its number."""
        shown = visible(text, formats.LONGEST)
        if self.paths is None or len(shown) < LONG:
            return escape(shown)
        if shown not in self._known:
            self._known[shown] = len(self.texts)
            self.texts.append(shown)
        return Markup('<span data-text="{}"></span>').format(self._known[shown])
