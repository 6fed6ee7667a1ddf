"""LaTeX: it compiles where there is a TeX, and is balanced and escaped in any case."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from evaluators.problem import Problem, load_problem, problem_names
from evolve.exporting._pseudocode import pseudocode
from evolve.exporting.latex import write
from tests.exporting.conftest import HOSTILE, Export

RULE = '''
def priority(p, d, t, n_rem):
    """EDD with a floor."""
    slack = d - (t + p)
    slack /= 2 + n_rem ** 2
    if slack > 0 and not p == 1:
        return max(slack, 0.5) * (1 - p) if t else -(p + d) // 3
    elif slack < -1e-9 * p:
        for place in range(3):
            slack += weights[place]
    else:
        while True:
            break
    try:
        return {"a_b": [x for x in seen]}
    except ValueError:
        pass
'''


def balanced(text: str) -> None:
    """Braces, environments, mathematics and the blocks of algpseudocode close; nothing special stands bare."""
    plain = re.sub(r"\\[\\{}$&%#_]", "", text)
    depth = 0
    for c in plain:
        depth += (c == "{") - (c == "}")
        assert depth >= 0
    assert depth == 0
    assert plain.count("$") % 2 == 0
    assert plain.count(r"\left") == plain.count(r"\right")
    for block in ("If", "For", "While", "Function"):
        assert len(re.findall(rf"\\{block}\b", plain)) == len(re.findall(rf"\\End{block}\b", plain))
    opened = re.findall(r"\\begin{(\w+)}", plain)
    assert sorted(opened) == sorted(re.findall(r"\\end{(\w+)}", plain))
    assert "#" not in plain
    assert "%" not in plain
    assert text.isascii()


def test_pseudocode_by_hand() -> None:
    assert pseudocode(RULE).splitlines() == [
        r"\Function{priority}{p, d, t, n{\_}rem}",
        r"\State $\text{\itshape slack}$ $\gets$ $d - \left(t + p\right)$",
        r"\State $\text{\itshape slack}$ $\gets$ $\frac{\text{\itshape slack}}{2 + {n_{\text{rem}}}^{2}}$",
        r"\If{$\text{\itshape slack} > 0 \land \lnot \left(p = 1\right)$}",
        r"\State \Return $\max\left(\text{\itshape slack}, 0.5\right) \cdot \left(1 - p\right) "
        r"\text{ if } t \text{ else } \left\lfloor \frac{-\left(p + d\right)}{3} \right\rfloor$",
        r"\ElsIf{$\text{\itshape slack} < \left(-1 \cdot 10^{-9}\right) \cdot p$}",
        r"\For{$\text{\itshape place}$ $\in$ $\text{\texttt{range}}\left(3\right)$}",
        r"\State $\text{\itshape slack}$ $\gets$ "
        r"$\text{\itshape slack} + \text{\itshape weights}[\text{\itshape place}]$",
        r"\EndFor",
        r"\Else",
        r"\While{$\text{true}$}",
        r"\State \textbf{break}",
        r"\EndWhile",
        r"\EndIf",
        r"\State \texttt{try:}",
        r"\State \hspace*{\algorithmicindent}\texttt{return {\{}'a{\_}b': [x for x in seen]{\}}}",
        r"\State \texttt{except ValueError:}",
        r"\State \hspace*{\algorithmicindent}\texttt{pass}",
        r"\EndFunction",
    ]


@pytest.mark.parametrize("name", problem_names())
def test_pseudocode_of_every_baseline(name: str) -> None:
    for source in load_problem(name).baselines.values():
        code = pseudocode(source)
        balanced(code)
        assert len(code.splitlines()) > 2


def test_a_document(subject: Export, small: Problem, tmp_path: Path) -> None:
    one = subject(small, RULE, measure=False, thought=HOSTILE, model=HOSTILE)
    measured = subject(small, "def priority(p, d):\n    return d\n", measure=True, thought="Ünï ≤ 量 %#")
    for number, text in enumerate((write(one), write(measured))):
        balanced(text)
        assert r"\toprule" in text
        if shutil.which("pdflatex"):
            (tmp_path / f"{number}.tex").write_text(text)
            words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{number}.tex"]
            done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout[-2000:]
