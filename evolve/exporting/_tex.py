"""Text of others as LaTeX."""

from __future__ import annotations

from functools import cache

from pylatexenc.latexencode import UnicodeToLatexEncoder

from evolve.exporting._text import one_line


@cache
def _encoder() -> UnicodeToLatexEncoder:
    # What has no LaTeX (other scripts, pictures) would stop the compiler: it is named by its code point.
    return UnicodeToLatexEncoder(
        unknown_char_policy=lambda c: rf"\texttt{{U+{ord(c):04X}}}",
        unknown_char_warning=False,
        replacement_latex_protection="braces-all",
    )


def text(plain: str) -> str:
    """One line of text, escaped."""
    return str(_encoder().unicode_to_latex(one_line(plain)))


def code(plain: str) -> str:
    """The same in a typewriter face."""
    return rf"\texttt{{{text(plain)}}}"
