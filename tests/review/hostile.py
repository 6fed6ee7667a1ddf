"""An archive whose every text is an attack on who looks at it."""

from __future__ import annotations

from evaluators.evaluate import InstanceResult
from evolve.archive import Archive
from evolve.records import Candidate, Completion, Message, Run
from tests.archive import samples

SAID = [
    # What cannot be seen comes first: where a page cuts a long name, it is in what is left.
    "\x00\x07\x1b[31mred\x7f\x85",
    "\u202edesrever\u2066\u200b\ufeff\u2028",
    "\ud800 lone, \udcff",
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 2</script>",
    "<img src=x onerror='window.hacked = 3'>",
    '"><svg onload="window.hacked = 4">',
    "' autofocus onfocus='window.hacked = 5",
    "javascript:window.hacked = 6",
    "]]> --> <!-- <![CDATA[",
    "{{ 7 * 7 }} {% raw %} ${window.hacked = 7}",
    "&lt;b&gt; &#x202e;",
]
HOSTILE = " ".join(SAID)
NAME = "<img src=x onerror='window.hacked = 8'>\u202e#?&%00 \" "  # of a problem: a folder's name holds no slash
HUGE = HOSTILE + "x" * 10_000_000
SOURCE = f'def priority(p, d, t):\n    """{HOSTILE}"""\n    return {HOSTILE!r}\n\x00{HOSTILE}\n'
UNSEEN = [chr(point) for point in (*range(9), 11, 12, *range(14, 32), 127, 0x85, 0x202E, 0x2066, 0x200B, 0xFEFF)]


def fill(archive: Archive, id: str = "hqstle") -> Run:
    """Add a run; gives it."""
    config = {"strategy": HOSTILE, "models": [HOSTILE], "proposer": "openai", "candidates": 5, HOSTILE: HOSTILE}
    named = {"problem": NAME, "folder": f"/nowhere/{HOSTILE}", "version": HOSTILE}
    run = samples.run(id, config=config, champion=f"{id}-1", **named)
    archive.create_run(run)
    gaps = {"train": 3.0, "validation": 4.0, "test": 5.0}
    shared = {"operator": HOSTILE, "model": HOSTILE, "thought": HOSTILE, "source": SOURCE}
    shared |= {"stdout": HOSTILE, "stderr": HOSTILE}
    valid = {**shared, "status": "valid", "gaps": gaps, "size": 7, "decision_seconds": 0.1}
    failed = {**shared, "status": "invalid", "failure_kind": HOSTILE}
    failed |= {"failure_message": HUGE, "failure_instance": HOSTILE}
    parent = (f"{id}-1",)
    for one in (
        samples.candidate(0, id, **{**valid, "name": "initial", "proposer": HOSTILE}),
        samples.candidate(-1, id, **{**valid, "name": HOSTILE, "proposer": HOSTILE}),
        samples.candidate(1, id, **{**valid, "stdout": HUGE}, told=1, proposer="openai", parents=(f"{id}-0",)),
        samples.candidate(2, id, **failed, told=2, proposer="openai", parents=parent),
        samples.candidate(3, id, **{**valid, "source": "\n" * 20_000 + HOSTILE}, told=3, parents=parent),
    ):
        archive.save_candidate(one, _measured(one))
    message = [Message("system", HOSTILE), Message("user", HUGE)]
    archive.save_completion(id, 1, 0, "key", message, Completion(HUGE, HOSTILE, cost=0.01))
    archive.save_completion(id, 2, 0, "key", message[:1], Completion(None, HOSTILE, error=HOSTILE))
    return run


def _measured(one: Candidate) -> dict[str, list[InstanceResult]]:
    return {
        split: [
            InstanceResult(f"{split}|{at}|{HOSTILE}", f"{HOSTILE} {at % 2}", 105.0, 100.0, gap + at + one.number, {})
            for at in range(4)
        ]
        for split, gap in one.gaps.items()
    }
