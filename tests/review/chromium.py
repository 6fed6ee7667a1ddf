"""A Chromium to look at pages with, in a thread of its own.

Playwright's synchronous interface keeps an event loop running in the thread that it is used in, where no other test
could then run one: so the browser, and every test that uses it, has that thread (see `pytest_pyfunc_call`).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, ViewportSize, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
LEFT = ("htmx:sendAbort", "htmx:afterRequest")  # of a request that a reload cut off: others have a name of their own
WIDE, NARROW = 1200, 390  # a desktop, a phone

T = TypeVar("T")


def path() -> str | None:
    """Where a Chromium is."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Chromium:
    """A running Chromium. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "chromium")
        self._playwright: Playwright
        self._browser: Browser
        self.do(self._start)

    def do(self, work: Callable[[], T]) -> T:
        """Do something in the browser's thread."""
        return self._thread.submit(work).result()

    def _start(self) -> None:
        self._playwright = sync_playwright().start()
        options = ["--no-sandbox", "--disable-gpu"]
        self._browser = self._playwright.chromium.launch(executable_path=path(), args=options)

    def looking(self) -> Iterator[Looking]:
        """A window without a history; closed afterwards."""
        size: ViewportSize = {"width": WIDE, "height": 900}
        looking = self.do(lambda: Looking(self, self._browser.new_page(viewport=size)))
        yield looking
        self.do(looking.page.context.close)

    def close(self) -> None:
        self.do(self._browser.close)
        self.do(self._playwright.stop)
        self._thread.shutdown()


@dataclass
class Looking:
    """A page, and what it said and asked for."""

    browser: Chromium
    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(20_000)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _heard(self, message: ConsoleMessage) -> None:
        if not message.text.startswith(LEFT):
            self.said.append(f"{message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # by the page itself, which was left
            self.said.append(f"failed: {request.url}: {request.failure}")

    def at(self, url: str) -> Page:
        """Go to an address and wait until all pictures in sight are drawn."""
        self.page.goto(url)
        self.drawn()
        return self.page

    def drawn(self) -> None:
        """Wait until every picture that is not in a hidden tab is drawn, or could not be."""
        self.until(
            "[...document.querySelectorAll('.vega')].every(p => p.offsetParent === null || p.view || p.textContent)"
        )

    def until(self, condition: str, seconds: float = 20) -> None:
        """Wait for something to hold in the page. Playwright's own way evaluates strings there, which pages forbid."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(condition):
            assert time.monotonic() < end, f"still not so: {condition}"
            self.page.wait_for_timeout(20)

    def strangers(self, home: str) -> list[str]:
        """What was asked of anything but `home` (scheme and host)."""
        mine = urlsplit(home)
        asked = [urlsplit(url) for url in self.asked]
        return [url.geturl() for url in asked if url.scheme not in ("data", "blob") and url[:2] != mine[:2]]
