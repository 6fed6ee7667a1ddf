"""Strategies and proposers of one's own: what is wrong with one is said in a line, and nothing is lost."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from evolve.archive import Archive
from tests.cli.conftest import Within

Refused = Callable[..., str]
Plugged = Callable[[str, str], Path]
QUICK = ("--sandbox", "process", "--candidates", "12", "--no-polish", "--parallel", "3")

STRATEGY = """
from evolve.records import Proposal


class Mine:
    def __init__(self):
        self.told = []

    def ask(self, view, rng):
        {ask}

    def tell(self, candidate):
        {tell}


STRATEGY = Mine
"""
PROPOSER = """
from evolve.records import Completion


class Mine:
    name, reads_prompts, operators = "mine", {reads}, None

    @classmethod
    def from_config(cls, config, run):
        return cls()

    async def propose(self, request):
        {propose}

    async def close(self):
        pass


PROPOSER = Mine
"""
GOOD_ASK = "return Proposal('mutate', (view.initial.id,))"
GOOD_REPLY = "```python\\ndef priority(d):\\n    return d + {}\\n```"


def strategy(ask: str = GOOD_ASK, tell: str = "self.told.append(candidate)") -> str:
    return STRATEGY.format(ask=ask, tell=tell)


def proposer(propose: str, reads: bool = True) -> str:
    return PROPOSER.format(propose=propose, reads=reads)


@pytest.fixture
def plugged(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugged]:
    """plugged("strategies", text): mine.py in a folder of that kind; once more for another text."""

    def forget() -> None:
        for kind in ("strategies", "proposers"):
            sys.modules.pop(f"evolve.{kind}.mine", None)

    def plug(kind: str, text: str) -> Path:
        forget()
        folder, package = tmp_path_factory.mktemp(kind), import_module(f"evolve.{kind}")
        monkeypatch.setattr(package, "__path__", [str(folder), *package.__path__])
        (folder / "mine.py").write_text(text)
        return folder / "mine.py"

    yield plug
    forget()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("class Mine:\n    pass\n", "mine.py: STRATEGY is missing: name the class in it, STRATEGY = …"),
        ("class Mine:\n    def ask(self:\n", "strategies: mine cannot be imported: SyntaxError: '(' was never closed"),
        ("import nothing_of_that_name\n", "ModuleNotFoundError: No module named 'nothing_of_that_name' (mine.py:1)"),
        (strategy().replace("(self):", "(self, islands):"), "mine.py: Mine cannot be made: Mine.__init__() missing"),
        (strategy().replace("def tell", "def said"), "mine.py: Mine lacks the method tell()"),
        ("STRATEGY = 7\n", "strategies: mine: 7 lacks the method ask()"),
    ],
)
def test_a_strategy_that_is_none(
    plugged: Plugged, refused: Refused, tiny: Path, tmp_path: Path, text: str, says: str
) -> None:
    plugged("strategies", text)
    assert says in refused(tmp_path, "run", tiny, "--strategy", "mine", *QUICK)
    with Archive.open(tmp_path / "evolve.db") as archive:
        assert archive.runs() == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (proposer("pass").replace("from_config", "from_file"), "mine.py: Mine lacks the method from_config()"),
        (proposer("pass").replace("PROPOSER =", "PROPOSAL ="), "mine.py: PROPOSER is missing"),
    ],
)
def test_a_proposer_that_is_none(
    plugged: Plugged, refused: Refused, tiny: Path, tmp_path: Path, text: str, says: str
) -> None:
    plugged("proposers", text)
    assert says in refused(tmp_path, "run", tiny, "--proposer", "mine", *QUICK)
    with Archive.open(tmp_path / "evolve.db") as archive:
        assert archive.runs() == []


def test_a_template_that_cannot_be_rendered_is_said_before_a_run_is_registered(
    refused: Refused, tiny: Path, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "shake.md.jinja").write_text("+++\nparents = 1\nsummary = 'new'\n+++\n{{ parent.source }}")
    (tmp_path / "run.toml").write_text("prompts = 'own'")
    line = refused(tmp_path, "run", tiny, "--config", "run.toml", *QUICK)
    assert "own/shake.md.jinja:5: UndefinedError: 'parent' is undefined" in line
    with Archive.open(tmp_path / "evolve.db") as archive:
        assert archive.runs() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("operators =", "others ="), "mine.py: Mine lacks the attribute `operators`"),
        (("None\n", "('nothing',)\n"), "proposer mine: it offers nothing but nothing, and there are: combine, "),
        (("return cls()", "return cls(run)"), "mine.py: Mine cannot be made: Mine() takes no arguments"),
        (("return cls()", "return {}['key']"), "mine.py: Mine cannot be made: KeyError: 'key' (mine.py:"),
    ],
)
def test_a_proposer_that_cannot_work(
    plugged: Plugged, refused: Refused, tiny: Path, tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    plugged("proposers", proposer("pass").replace(*change, 1))
    assert says in refused(tmp_path, "run", tiny, "--proposer", "mine", *QUICK)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        ("raise ValueError('no idea')", "ValueError: no idea (mine.py:12)"),
        ("return None", "it answered with None instead of a Proposal"),
        ("return Proposal('mutate', ('nobody',))", "parents: there is no candidate 'nobody' that it was told of"),
        ("return Proposal('mutate', view.initial.id)", "parents is a str instead of a tuple of candidates' ids"),
        ("return Proposal('mutate', (view.initial.id,), ('x',))", "inspirations: there is no candidate 'x'"),
        ("return Proposal('mutat', (view.initial.id,))", "there is no operator 'mutat', but: combine, explore, mutate"),
        ("return Proposal('combine', (view.initial.id,))", "the operator combine takes 2 parents, and got 1"),
        ("return Proposal('explore', note=3)", "note is an int instead of a dictionary"),
        ("return Proposal('explore', note={'a': {1}})", "note: a set cannot be stored in the archive"),
    ],
)
def test_a_strategy_that_fails_ends_the_run_which_goes_on_once_it_is_mended(
    plugged: Plugged, refused: Refused, within: Within, tiny: Path, tmp_path: Path, ask: str, says: str
) -> None:
    plugged("strategies", strategy(f"if view.number < 6:\n            {GOOD_ASK}\n        {ask}"))
    line = refused(tmp_path, "run", tiny, "--strategy", "mine", *QUICK)
    assert f"strategy mine: ask: {says}" in line
    with Archive.open(tmp_path / "evolve.db") as archive:
        [run] = archive.runs()
        told = [c.told or 0 for c in archive.candidates_of(run.id) if c.number > 0]
    assert f"run {run.id} has stopped, go on later with: evolve resume {run.id}" in line
    assert run.status == "stopped"
    assert sorted(told) == [1, 2, 3, 4, 5], "what was in flight is recorded"
    plugged("strategies", strategy())
    code, out, err = within(tmp_path, "resume", run.id)
    assert code == 0, out + err
    with Archive.open(tmp_path / "evolve.db") as archive:
        assert sum(c.proposed for c in archive.candidates_of(run.id)) == 12


def test_a_strategy_that_fails_when_it_is_told(
    plugged: Plugged, refused: Refused, within: Within, tiny: Path, tmp_path: Path
) -> None:
    plugged("strategies", strategy(tell="self.told.append(1 / (3 - candidate.number))"))
    line = refused(tmp_path, "run", tiny, "--strategy", "mine", *QUICK)
    assert "strategy mine: tell: ZeroDivisionError: division by zero (mine.py:13)" in line
    with Archive.open(tmp_path / "evolve.db") as archive:
        [run] = archive.runs()
        assert all(c.told is not None for c in archive.candidates_of(run.id) if c.number > 0)
    plugged("strategies", strategy())
    assert within(tmp_path, "resume", run.id)[0] == 0


@pytest.mark.parametrize(
    ("propose", "says"),
    [
        ("raise KeyError('choices')", "KeyError: 'choices' (mine.py:16)"),
        ("return 'def priority(d): return d'", "it answered with a str instead of a Completion"),
        ("return Completion(b'x', None)", "the reply is a bytes instead of a text or None"),
    ],
)
def test_a_proposer_that_fails_ends_the_run_which_goes_on_once_it_is_mended(
    plugged: Plugged, refused: Refused, within: Within, tiny: Path, tmp_path: Path, propose: str, says: str
) -> None:
    number = "number = int(request.key.split('/')[1])"
    good = f"return Completion('''{GOOD_REPLY}'''.format(number), None)"
    plugged("proposers", proposer(f"{number}\n        if number < 5:\n            {good}\n        {propose}"))
    words = ("--proposer", "mine", "--strategy", "best_of_n", *QUICK)
    line = refused(tmp_path, "run", tiny, *words)
    assert f"proposer mine: propose: {says}" in line
    with Archive.open(tmp_path / "evolve.db") as archive:
        [run] = archive.runs()
        assert sum(c.told is not None for c in archive.candidates_of(run.id) if c.number > 0) == 4
        assert archive.usage(run.id).calls >= 4
    assert f"run {run.id} has stopped, go on later with: evolve resume {run.id}" in line
    plugged("proposers", proposer(f"{number}\n        {good}"))
    code, out, err = within(tmp_path, "resume", run.id)
    assert code == 0, out + err
    with Archive.open(tmp_path / "evolve.db") as archive:
        assert sum(c.told is not None for c in archive.candidates_of(run.id) if c.proposed) == 12
