"""Text that may come from anywhere, as it may be shown."""

from __future__ import annotations

import unicodedata

NAME = 300  # characters of what stands in a line


def visible(text: object, most: int = NAME) -> str:
    """Text that may come from anywhere: control characters and those that break or reorder a line are shown as such,
    and no more of it than a page can hold."""
    whole = str(text).replace("\r\n", "\n")
    shown = whole[:most].translate(_VISIBLE)
    return shown + (f"\n… {len(whole) - most:,} more characters" if len(whole) > most else "")


class _Visible(dict[int, str]):
    """How each character is shown, by its number."""

    def __missing__(self, point: int) -> str:
        letter = chr(point)
        if letter not in "\n\t" and point < 32:
            letter = chr(0x2400 + point)
        elif letter not in "\n\t" and unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
            letter = f"⟨U+{point:04X}⟩"
        self[point] = letter
        return letter


_VISIBLE = _Visible()
