"""Text of models and of problems, made fit for a file that others read."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with everything that does not print (control characters, lone surrogates) as an escape; lines stay."""
    return "".join(c if c == "\n" or c.isprintable() else ascii(c)[1:-1] for c in text)


def one_line(text: str) -> str:
    """The same in one line."""
    return " ".join(printable(text.replace("\t", " ")).split())
