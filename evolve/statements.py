"""What the tables of a problem's statement say of a program's inputs."""

from __future__ import annotations

import re

_ROW = re.compile(r"^\|((?:[^|`\n]|`[^`\n]*`)*)\|((?:[^|`\n]|`[^`\n]*`)*)", re.MULTILINE)
_MARKS = re.compile(r"`|\*\*")
_NAME = re.compile(r"`(?:\w+\[\")?([A-Za-z_]\w*)(?:\"\])?`")


def meanings_of(statement: str) -> dict[str, str]:
    """By the names in the first columns of its tables, in their order: what the second column says."""
    meanings: dict[str, str] = {}
    for cell, meaning in _ROW.findall(statement):
        for name in _NAME.findall(cell):
            meanings.setdefault(name, _MARKS.sub("", meaning).strip())
    return meanings
