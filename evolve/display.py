"""What `evolve run` shows: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

import asyncio
import difflib
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from evolve.archive.rows import Usage
from evolve.baselines import complaint
from evolve.budget import Limits
from evolve.records import Candidate, Completion

PLAIN_EVERY = 10.0  # seconds between progress lines without a terminal


@dataclass
class Progress:
    """The figures that both displays show."""

    title: str
    limits: Limits
    started: float = field(default_factory=time.monotonic)
    text: str = "starting"
    main: str | None = None  # the run's proposer; what the mutator writes beside it is counted apart
    ended: Counter[str] = field(default_factory=Counter)
    beside: int = 0
    calls: int = 0
    failed_calls: int = 0
    tokens: int = 0
    cost: float = 0.0
    unpriced: int = 0
    known: Sequence[Candidate] = ()
    initial: Candidate | None = None
    best: dict[str, Candidate] = field(default_factory=dict)
    searching: float | None = None
    seconds_before: float = 0.0  # used by earlier sessions of the run
    _before: tuple[int, int, float] = (0, 0, 0.0)  # candidates, tokens and cost of earlier sessions

    def remember(self, candidates: Sequence[Candidate], usage: Usage, seconds: float) -> None:
        """Count in what earlier sessions of the run did; candidates in the order in which they were told."""
        for candidate in candidates:
            self.told(candidate)
        self.calls, self.failed_calls, self.unpriced = usage.calls, usage.failed_calls, usage.unpriced_calls
        self.tokens, self.cost = usage.input_tokens + usage.output_tokens, usage.cost
        self.seconds_before = seconds
        self._before = (sum(self.ended.values()), self.tokens, self.cost)

    def phase(self, text: str) -> None:
        self.text = text
        if text == "searching":
            self.searching = time.monotonic()

    def baselines(self, candidates: Sequence[Candidate]) -> None:
        self.initial, self.known = candidates[0], candidates[1:]

    def called(self, candidate: Candidate, completion: Completion) -> None:
        self.calls += 1
        self.failed_calls += completion.reply is None
        self.tokens += completion.input_tokens + completion.output_tokens
        self.cost += completion.cost or 0.0
        self.unpriced += completion.reply is not None and completion.cost is None

    def told(self, candidate: Candidate) -> list[str]:
        """Count a candidate; returns the splits on which it is the best so far."""
        if self.main is None or candidate.proposer == self.main:
            self.ended[candidate.status] += 1
        else:
            self.beside += 1
        if candidate.status != "valid":
            return []
        better = []
        for split in ("train", "validation"):
            gap = candidate.gaps.get(split)
            if gap is not None and (split not in self.best or gap < self.best[split].gaps[split]):
                self.best[split] = candidate
                better.append(split)
        return better

    def best_known(self, split: str) -> tuple[str, float] | None:
        """The best baseline on a split."""
        measured = [(c.gaps[split], c.name or c.id) for c in self.known if split in c.gaps]
        return (min(measured)[1], min(measured)[0]) if measured else None

    def left(self) -> float | None:
        """Estimated seconds left, from what this session has used of the budget so far."""
        if self.searching is None:
            return None
        elapsed = time.monotonic() - self.searching
        estimates = []
        used = (sum(self.ended.values()), self.tokens, self.cost)
        limits = (self.limits.candidates, self.limits.tokens, self.limits.cost)
        for limit, now, before in zip(limits, used, self._before, strict=True):
            if limit and now > before:
                estimates.append(elapsed * max(0.0, limit - now) / (now - before))
        if self.limits.hours:
            estimates.append(max(0.0, self.limits.hours * 3600 - self.seconds_before - elapsed))
        return min(estimates, default=None)

    def budget_line(self) -> str:
        parts = [f"{sum(self.ended.values())}" + (f"/{self.limits.candidates}" if self.limits.candidates else "")]
        parts[0] += " candidates" + (f" and {self.beside} of the mutator" if self.beside else "")
        if self.calls:
            parts.append(f"{self.calls} calls" + (f" ({self.failed_calls} failed)" if self.failed_calls else ""))
            parts.append(f"{self.tokens:,}" + (f"/{self.limits.tokens:,}" if self.limits.tokens else "") + " tokens")
            price = f"${self.cost:.4f}" + (f"/${self.limits.cost:g}" if self.limits.cost else "")
            parts.append(price + (" (some calls unpriced)" if self.unpriced else ""))
        return " · ".join(parts)

    def time_line(self) -> str:
        used = clock(self.seconds_before + time.monotonic() - self.started)
        left = self.left()
        return f"{used} used" + (f", about {clock(left)} left" if left is not None else "")

    def endings_line(self) -> str:
        return ", ".join(f"{count} {status}" for status, count in self.ended.most_common()) or "none yet"


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


class PlainDisplay:
    """Lines for a log: every phase, every improvement, and a progress line now and then."""

    def __init__(self, title: str, limits: Limits, console: Console) -> None:
        self.progress = Progress(title, limits)
        self._console = console
        self._last = time.monotonic()

    def _print(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def phase(self, text: str) -> None:
        self.progress.phase(text)
        self._print(f"{clock(time.monotonic() - self.progress.started)}  {text}")

    def baselines(self, candidates: Sequence[Candidate]) -> None:
        self.progress.baselines(candidates)
        for text in filter(None, map(complaint, candidates)):
            self._print(f"      {text}")
        for split in ("train", "validation"):
            if best := self.progress.best_known(split):
                self._print(f"      best baseline on {split}: {best[0]} {best[1]:.4g}")

    def called(self, candidate: Candidate, completion: Completion) -> None:
        self.progress.called(candidate, completion)
        if completion.reply is None:
            self._print(f"      candidate {candidate.number}: the call failed: {completion.error}")

    def told(self, candidate: Candidate) -> None:
        better = self.progress.told(candidate)
        if better:
            gaps = ", ".join(f"{split} {candidate.gaps[split]:.4g}" for split in candidate.gaps)
            self._print(f"      candidate {candidate.number} ({candidate.operator}): best so far, {gaps}")
        if better or time.monotonic() - self._last > PLAIN_EVERY:
            self._last = time.monotonic()
            self._print(
                f"      {self.progress.budget_line()}; {self.progress.endings_line()}; {self.progress.time_line()}"
            )

    def __enter__(self) -> PlainDisplay:
        self._print(self.progress.title)
        return self

    def __exit__(self, *_: object) -> None:
        pass


class LiveDisplay:
    """A panel that is redrawn: budget, how candidates ended, the best against the best baseline. d shows the diff."""

    def __init__(self, title: str, limits: Limits, console: Console) -> None:
        self.progress = Progress(title, limits)
        self._console = console
        self._diff = False
        self._restore: Any = None
        self._live = Live(console=console, refresh_per_second=4, get_renderable=self.panel, transient=True)

    def phase(self, text: str) -> None:
        self.progress.phase(text)
        if self._restore is None:
            self._listen()

    def baselines(self, candidates: Sequence[Candidate]) -> None:
        self.progress.baselines(candidates)
        for text in filter(None, map(complaint, candidates)):
            self._console.print(text, highlight=False, markup=False, soft_wrap=True)  # above the panel

    def called(self, candidate: Candidate, completion: Completion) -> None:
        self.progress.called(candidate, completion)

    def told(self, candidate: Candidate) -> None:
        self.progress.told(candidate)

    def panel(self) -> Panel:
        """The panel as it is now."""
        progress = self.progress
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="bold")
        grid.add_column()
        grid.add_row("now", progress.text)
        grid.add_row("budget", progress.budget_line())
        grid.add_row("time", progress.time_line())
        grid.add_row("ended", progress.endings_line())
        for split in ("train", "validation"):
            grid.add_row(f"best on {split}", self._best(split))
        parts: list[Any] = [grid]
        if self._diff:
            parts.append(self._difference())
        keys = "d: hide the diff" if self._diff else "d: diff of the best"
        return Panel(Group(*parts), title=Text(progress.title), subtitle=f"{keys} · Ctrl-C: stop", title_align="left")

    def _best(self, split: str) -> Text:
        best, known = self.progress.best.get(split), self.progress.best_known(split)
        text = Text()
        if best is None:
            text.append("none yet", style="dim")
        else:
            gap = best.gaps[split]
            ahead = known is None or gap < known[1]
            text.append(f"{gap:.4g}", style="bold green" if ahead else "bold yellow")
            text.append(f"  (candidate {best.number}, {best.operator})")
        if known is not None:
            text.append(f"   best baseline: {known[0]} {known[1]:.4g}", style="dim")
        return text

    def _difference(self) -> Any:
        best = self.progress.best.get("validation") or self.progress.best.get("train")
        if best is None or self.progress.initial is None:
            return Text("nothing to compare yet", style="dim")
        lines = difflib.unified_diff(
            (self.progress.initial.source or "").splitlines(),
            (best.source or "").splitlines(),
            "initial",
            f"candidate {best.number}",
            lineterm="",
        )
        return Syntax("\n".join(lines), "diff", word_wrap=True, background_color="default")

    def _listen(self) -> None:
        """Read single keys while the display is up."""
        try:
            import termios
            import tty

            descriptor = sys.stdin.fileno()
            if os.tcgetpgrp(descriptor) != os.getpgrp():
                raise OSError("started in the background: whoever touches the terminal there is stopped")
            before = termios.tcgetattr(descriptor)
            tty.setcbreak(descriptor)
            asyncio.get_running_loop().add_reader(descriptor, self._key, descriptor)
            self._restore = lambda: termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        except (ImportError, OSError, ValueError, RuntimeError, NotImplementedError):
            self._restore = lambda: None

    def _key(self, descriptor: int) -> None:
        try:
            keys = os.read(descriptor, 1024)
        except OSError:
            keys = b""
        if not keys:  # the terminal has gone
            asyncio.get_running_loop().remove_reader(descriptor)
        for _ in range(keys.count(b"d")):
            self._diff = not self._diff

    def __enter__(self) -> LiveDisplay:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)
        if self._restore is not None:
            self._restore()


def make_display(title: str, limits: Limits, console: Console) -> LiveDisplay | PlainDisplay:
    """The display that fits where the output goes."""
    if console.is_terminal and sys.stdin.isatty():
        return LiveDisplay(title, limits, console)
    return PlainDisplay(title, limits, console)
