"""Where a program spends its time: its own lines, sampled inside the sandbox, for programs whose time matters.

The sampler is appended to the program, so that no line moves, and prints what it has each time its samples have grown
by half: a program that is killed for its time has printed before. What comes back is a candidate's text: a hint in a
prompt, parsed with bounds, trusted for nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from evolve.feedback.values import line

MARK = "#hot"
LINES = 3  # told
LEAST = 5  # samples

_SAMPLER = """
def _hot_lines():
    import os, signal
    if callable(signal.getsignal(signal.SIGPROF)):
        return
    counts, state = {}, [0, 4]
    def sample(_, frame):
        while frame is not None and frame.f_code.co_filename != "candidate.py":
            frame = frame.f_back
        if frame is None:
            return
        counts[frame.f_lineno] = counts.get(frame.f_lineno, 0) + 1
        state[0] += 1
        if state[0] >= state[1]:
            state[1] = state[0] * 3 // 2
            best = sorted(counts.items(), key=lambda item: -item[1])[:8]
            os.write(1, ("\\n#hot " + " ".join("%d:%d" % item for item in best) + "\\n").encode())
    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, 0.005, 0.005)
_hot_lines()
"""
_PRINTED = re.compile(r"^#hot((?: [0-9]{1,5}:[0-9]{1,7}){1,8})$", re.MULTILINE)


@dataclass(frozen=True)
class HotLine:
    """A line of a program, and its share of the samples."""

    number: int
    code: str
    share: float

    def __str__(self) -> str:
        return f"line {self.number} `{self.code}` {self.share:.0%}"


def sampled(source: str) -> str:
    """The program with the sampler."""
    return source.rstrip("\\\n") + "\n" + _SAMPLER


def hot_lines(source: str, printed: str) -> list[HotLine]:
    """What the sampler printed last, most samples first. Whatever else was printed, the result names lines of
    `source` and adds up to at most 1."""
    found = _PRINTED.findall(printed)
    if not found:
        return []
    text = source.splitlines()
    counts: dict[int, int] = {}
    for item in found[-1].split():
        number, _, count = item.partition(":")
        if 1 <= int(number) <= len(text) and text[int(number) - 1].strip():
            counts[int(number)] = int(count)
    total = sum(counts.values())
    if total < LEAST:
        return []
    best = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:LINES]
    return [HotLine(number, line(text[number - 1], 80), count / total) for number, count in best]


def without_samples(printed: str) -> str:
    """What the program itself printed."""
    return _PRINTED.sub("", printed)
