"""LaTeX: the rule as pseudocode and its figures as a table, a document that compiles by itself.

Both floats can be copied into a paper: they need booktabs, algorithm and algpseudocode.
"""

from __future__ import annotations

from evolve.cards import Mean, found_by, name_of, standings
from evolve.exporting._pseudocode import pseudocode
from evolve.exporting._tex import text
from evolve.exporting.base import ExportError, Format, Subject

HEAD = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{textcomp,amsmath,amssymb,booktabs,algorithm,algpseudocode}
\usepackage[a4paper,margin=2cm]{geometry}
\sloppy
\begin{document}
"""


def write(subject: Subject) -> str:
    """The document. Raises ExportError for a program that does not parse."""
    try:
        code = pseudocode(subject.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExportError(f"candidate {subject.candidate.id} is no Python: {error}") from None
    return HEAD + "\n" + "\n\n".join([_algorithm(subject, code), _results(subject)]) + "\n\n\\end{document}\n"


FORMAT = Format(".tex", write)


def _algorithm(subject: Subject, code: str) -> str:
    thought = f" {text(subject.candidate.thought)}" if subject.candidate.thought else ""
    caption = f"{text(subject.problem.spec.title)}: rule {text(subject.candidate.id)}.{thought}"
    return "\n".join(
        [
            r"\begin{algorithm}",
            rf"\caption{{{caption}}}",
            rf"\label{{alg:{subject.candidate.id}}}",
            r"\begin{algorithmic}[1]",
            code,
            r"\end{algorithmic}",
            r"\end{algorithm}",
        ]
    )


def _results(subject: Subject) -> str:
    card = subject.card
    rows = []
    for one in standings(card):
        named = [("this rule", one.mine)]
        named += [(text(name), mean) for name, mean in dict.fromkeys(filter(None, (one.best, one.paper)))]
        for place, (name, mean) in enumerate(named):
            head = f"{text(one.split)} & {one.mine.instances}" if place == 0 else "&"
            rows.append(f"{head} & {name} & {_mean(mean)} \\\\")
        rows.append(r"\addlinespace")
    scored = " The program scored itself: its figures can be forged." if card["self_scored"] else ""
    caption = (
        f"{text(subject.problem.spec.title)}: mean gap with its 95\\,\\% bootstrap interval over $n$ instances (gap: "
        f"{text(card['scale'])}; lower is better) of rule {text(name_of(card))}, found by {text(found_by(card))}, of "
        f"the best baseline on each split, and of the rule of the paper.{scored}"
    )
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            r"\setlength{\belowcaptionskip}{6pt}",
            rf"\caption{{{caption}}}",
            rf"\label{{tab:{subject.candidate.id}}}",
            r"\begin{tabular}{lrlrl}",
            r"\toprule",
            r"split & $n$ & program & gap & 95\,\% interval \\",
            r"\midrule",
            *rows[:-1],
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def _mean(mean: Mean) -> str:
    low, high = mean.interval
    return f"${mean.gap:.4g}$ & $[{low:.3g},\\ {high:.3g}]$"
