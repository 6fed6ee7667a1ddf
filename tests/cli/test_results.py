"""Publishing, verifying and exporting: what is in results/ is true, and what is taken away depends on nothing."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evolve.tables import results_table
from tests.cli.conftest import Ended, Within

SANDBOX = ("--sandbox", "process")


@pytest.fixture
def champion(ended: Ended, read_json: Callable[..., Any]) -> dict[str, Any]:
    found: dict[str, Any] = read_json("show", read_json("show", ended.run)["champion"])
    return found


@pytest.fixture
def published(ended: Ended, champion: dict[str, Any], within: Within, tmp_path: Path) -> Path:
    """A copy of the run's folder in which the champion is published; to be tampered with."""
    folder = tmp_path / "published"
    if not (ended.folder / "results").exists():
        code, out, err = within(ended.folder, "publish", champion["id"], *SANDBOX)
        assert code == 0, err
        assert f"results/tiny/{champion['id']}.json" in out
    shutil.copytree(ended.folder, folder)
    return folder


def verify(within: Within, folder: Path) -> tuple[int, str]:
    """Exit code and the line about the one card."""
    code, out, err = within(folder, "verify", *SANDBOX)
    assert err == ""
    first, last = out.splitlines()
    assert last == f"{1 if code == 0 else 0} of 1 results hold"
    assert ": differs: " in first if code else first.endswith(": holds")
    return code, first


def verify_as_json(within: Within, folder: Path) -> dict[str, Any]:
    """The verdict on the one card."""
    verdict: dict[str, Any]
    [verdict] = json.loads(within(folder, "verify", *SANDBOX, "--json")[1])
    return verdict


def card_of(folder: Path) -> Path:
    [card] = folder.glob("results/tiny/*.json")
    return card


def change(card: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    content = json.loads(card.read_text())
    edit(content)
    card.write_text(json.dumps(content))


def test_a_card_says_what_the_program_is_and_holds(
    published: Path, champion: dict[str, Any], ended: Ended, within: Within
) -> None:
    path = card_of(published)
    card = json.loads(path.read_text())
    assert path.with_suffix(".py").read_text().strip() == champion["source"].strip()
    assert card["provenance"]["run"] == ended.run
    assert card["provenance"]["model"] == "fake-small"
    assert card["provenance"]["lineage"][-1]["candidate"] == champion["id"]
    assert card["provenance"]["lineage"][0]["candidate"] == f"{ended.run}-0"
    assert set(card["baselines"]) == {"edd", "mdd", "mddc"}
    assert set(card["figures"]) == set(card["per_instance"]) == set(card["baselines"]["mdd"])
    assert [one["against"] for one in card["against_paper_rule"]] == ["mddc"] * 3
    assert list(card["figures"].values()) == champion["figures"]
    assert verify(within, published) == (0, f"results/tiny/{path.name}: holds")
    verdict = verify_as_json(within, published)
    assert (verdict["holds"], verdict["problems"]) == (True, [])


def test_a_program_that_was_tampered_with(published: Path, within: Within) -> None:
    program = card_of(published).with_suffix(".py")
    program.write_text(program.read_text().replace("return ", "return 1.0 * "))
    code, line = verify(within, published)
    assert code == 1
    assert program.name in line
    assert "not the program that was published" in line
    verdict = verify_as_json(within, published)
    assert not verdict["holds"]
    assert "; ".join(verdict["problems"]) in line
    program.unlink()
    code, line = verify(within, published)
    assert code == 1
    assert f"{program.name}: No such file" in line


@pytest.mark.parametrize(
    ("change_of", "told"),
    [
        (
            lambda card: card["figures"]["test"].update(gap_ci95=[1.0, 2.0]),
            r"test: the interval is .*, not \[1\.0, 2\.0\]",
        ),
        (lambda card: card["figures"]["test"].update(instances=8000), "test: there are 20 instances, not 8000"),
        (lambda card: card.update(size=3), r"the program has \d+ nodes, not 3"),
        (lambda card: card["against_paper_rule"][0].update(p=0.5, wins=80), r"against mddc: wins is \d+, not 80"),
        (lambda card: card["against_best_baseline"][-1].update(difference=-50.0), r"difference is \S+, not -50\.0"),
        (lambda card: card["baselines"]["edd"]["test"].update(gap_mean=99.0), r"baseline edd, test: .* not 99\.0"),
        (lambda card: card["baselines"]["mddc"]["test"].update(gap_mean=99.0), r"baseline mddc, test: .* not 99\.0"),
        (lambda card: card.update(thought="Another one."), r"\.md is not what the card says"),
    ],
)
def test_what_follows_from_the_figures_was_tampered_with(
    published: Path, within: Within, change_of: Callable[[dict[str, Any]], None], told: str
) -> None:
    change(card_of(published), change_of)
    code, line = verify(within, published)
    assert code == 1
    assert re.search(told, line)


def test_a_program_without_a_card_and_one_that_is_no_text(published: Path, within: Within) -> None:
    program = card_of(published).with_suffix(".py")
    program.with_name("orphan.py").write_text("def priority(p):\n    return p\n")
    program.write_bytes(program.read_bytes() + b"# \xe9\n")
    code, out, _ = within(published, "verify", *SANDBOX)
    assert code == 1
    assert "orphan.py" in out
    assert "it has no card" in out
    assert "it is no text" in out
    code, _, err = within(published, "results", "--write")
    assert code == 2
    assert "this is no text" in err


def test_a_cost_a_gap_and_a_mean_that_were_tampered_with(published: Path, within: Within) -> None:
    card = card_of(published)
    true = card.read_text()
    row = json.loads(true)["per_instance"]["test"][3]
    change(card, lambda c: c["per_instance"]["test"][3].update(cost=row["cost"] - 1))
    code, line = verify(within, published)
    assert code == 1
    assert card.name in line
    assert f"test: 1 of 20 costs differ, first on {row['instance']}" in line
    card.write_text(true)
    change(card, lambda c: c["per_instance"]["test"][3].update(gap=row["gap"] - 1))
    assert "test: 1 of 20 gaps differ" in verify(within, published)[1]
    card.write_text(true)
    change(card, lambda c: c["figures"]["validation"].update(gap_mean=-5.0))
    assert re.search(r"validation: the mean gap is \S+, not -5\.0", verify(within, published)[1])
    card.write_text(true)
    change(card, lambda c: c["per_instance"]["test"].pop())
    assert "test: the card has 19 instances, the problem 20" in verify(within, published)[1]
    card.write_text(true)
    change(card, lambda c: c["per_instance"].pop("test"))
    assert "not measured on test" in verify(within, published)[1]


@pytest.mark.parametrize(("change_by", "holds"), [(2e-8, True), (1e-5, False)])
def test_a_gap_may_differ_by_what_another_processor_rounds_otherwise(
    published: Path, within: Within, change_by: float, holds: bool
) -> None:
    card = card_of(published)

    def move(card: dict[str, Any]) -> None:
        for row in card["per_instance"]["test"]:
            row["gap"] += change_by
        card["figures"]["test"]["gap_mean"] += change_by

    change(card, move)
    code, line = verify(within, published)
    assert (code == 0) == holds
    assert ("test: the mean gap is" in line) != holds


def test_a_change_that_leaves_the_figures_as_they_were(published: Path, within: Within) -> None:
    toml = published / "tiny" / "problem.toml"
    toml.write_text(toml.read_text() + "\n# a remark\n")
    code, line = verify(within, published)
    assert code == 0
    assert "holds" in line


def test_a_problem_that_has_changed(published: Path, within: Within) -> None:
    toml = published / "tiny" / "problem.toml"
    toml.write_text(toml.read_text().replace("n = [15]", "n = [16]"))
    code, line = verify(within, published)
    assert code == 1
    assert "the problem has changed since" in line
    assert "test: " in line
    before = json.loads(card_of(published).read_text())
    _, out, _ = within(published, "verify", "--renew", *SANDBOX)
    assert "written anew: the problem has changed since" in out.splitlines()[0]
    assert verify(within, published)[0] == 0
    after = json.loads(card_of(published).read_text())
    assert after["figures"]["test"] != before["figures"]["test"]
    assert after["provenance"] == {**before["provenance"], "measured": after["provenance"]["measured"]}
    written = card_of(published).read_text()
    _, out, _ = within(published, "verify", "--renew", *SANDBOX)
    assert out.splitlines()[0].endswith("holds")
    assert card_of(published).read_text() == written, "nothing has changed since"


def test_a_card_from_before_a_test_was_made(published: Path, within: Within) -> None:
    whole = json.loads(card_of(published).read_text())
    older = {name: value for name, value in whole.items() if name != "against_best_baseline"}
    older["provenance"] = {"measured": "2025-01-01", **whole["provenance"]}
    card_of(published).write_text(json.dumps(older))
    assert within(published, "results", "--write")[0] == 0
    assert verify(within, published) == (0, f"{card_of(published)}: holds".replace(f"{published}/", ""))
    _, out, _ = within(published, "verify", "--renew", *SANDBOX)
    assert "written anew: it lacked tests that cards have now" in out
    after = json.loads(card_of(published).read_text())
    assert after["provenance"].pop("measured") != "2025-01-01"
    assert after == whole
    assert verify(within, published)[0] == 0


def test_nothing_else_is_put_into_a_card_that_is_measured_anew(published: Path, within: Within) -> None:
    toml = published / "tiny" / "problem.toml"
    toml.write_text(toml.read_text().replace("n = [15]", "n = [16]"))
    card = card_of(published)
    before = card.read_text()
    program = card.with_suffix(".py")
    program.write_text(program.read_text().replace("return ", "return 1.0 * "))
    code, out, _ = within(published, "verify", "--renew", *SANDBOX)
    assert code == 1
    assert "not the program that was published" in out
    assert card.read_text() == before


def test_a_candidate_of_a_problem_that_has_changed_is_not_published(
    ended: Ended, champion: dict[str, Any], within: Within, tmp_path: Path
) -> None:
    toml = ended.folder / "tiny" / "problem.toml"
    before = toml.read_text()
    try:
        toml.write_text(before + "\n")
        code, _, err = within(ended.folder, "publish", champion["id"], *SANDBOX, "--into", str(tmp_path))
    finally:
        toml.write_text(before)
    assert (code, err.count("\n")) == (2, 1)
    assert "tiny has changed since run" in err
    assert list(tmp_path.iterdir()) == []


def test_cards_that_are_none(published: Path, within: Within) -> None:
    card = card_of(published)
    whole = json.loads(card.read_text())
    nobodys = json.dumps({**whole, "provenance": {**whole["provenance"], "lineage": [1]}})
    for text in ("{}", "[", "[]", '{"program": 1}', nobodys):
        card.write_text(text)
        code, line = verify(within, published)
        assert code == 1
        assert f"{card.name}: not a card" in line
    for folder, why in (("nothing", "no such folder"), ("tiny", "no cards there")):
        code, _, err = within(published, "verify", folder)
        assert (code, err.count("\n")) == (2, 1)
        assert why in err


def test_what_is_not_valid_is_not_published(ended: Ended, within: Within, tmp_path: Path) -> None:
    numbers = {row["status"]: row["id"] for row in _candidates(ended, within)}
    bad = next(numbers[status] for status in ("unparsed", "invalid", "duplicate") if status in numbers)
    code, _, err = within(ended.folder, "publish", bad, *SANDBOX, "--into", str(tmp_path))
    assert (code, err.count("\n")) == (2, 1)
    assert "only a valid program can be published" in err


def _candidates(ended: Ended, within: Within) -> list[dict[str, Any]]:
    return [json.loads(within(ended.folder, "show", f"{ended.run}-{n}", "--json")[1]) for n in range(1, 11)]


def test_an_export_runs_by_itself(ended: Ended, champion: dict[str, Any], within: Within, tmp_path: Path) -> None:
    file = tmp_path / "rule.py"
    code, _, err = within(ended.folder, "export", champion["id"], "-o", str(file), *SANDBOX)
    assert code == 0, err
    text = file.read_text()
    assert text == within(ended.folder, "export", champion["id"], *SANDBOX)[1]
    tree = ast.parse(text)
    about = ast.get_docstring(tree) or ""
    assert about.startswith("Tardiness, small: a heuristic found by evolve.")
    assert champion["id"] in about
    assert "fake-small" in about
    for figures in champion["figures"]:
        low, high = figures["gap_ci95"]
        assert f"{figures['gap_mean']:.4g} [{low:.4g}, {high:.4g}]" in about
    # Isolated and without site-packages: neither this project nor anything that it depends on can be imported.
    alone = [sys.executable, "-I", "-S"]
    absent = "import importlib.util; assert importlib.util.find_spec('evolve') is None"
    subprocess.run([*alone, "-c", absent], cwd=tmp_path, check=True)
    done = subprocess.run([*alone, "-m", "doctest", "-v", str(file)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_exports_by_suffix_and_by_name(ended: Ended, champion: dict[str, Any], within: Within, tmp_path: Path) -> None:
    for suffix, name in {".md": "markdown", ".tex": "latex", ".csv": "csv"}.items():
        file = tmp_path / f"rule{suffix}"
        assert within(ended.folder, "export", champion["id"], "-o", str(file))[0] == 0
        code, out, err = within(ended.folder, "export", champion["id"], "--format", name)
        assert (code, out, err) == (0, file.read_text(), "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-o", "rule.pdf"), "rule.pdf: no format has this suffix; name one with --format: csv, latex, markdown"),
        (("--format", "pdf"), "there is no 'pdf', but: csv, latex, markdown, parquet, python"),
        (("--format", "parquet"), "parquet is no text: name a file with -o"),
        (("-o", "nowhere/rule.md"), "nowhere/rule.md: No such file or directory"),
    ],
)
def test_exports_that_cannot_be(
    ended: Ended, champion: dict[str, Any], within: Within, words: tuple[str, ...], says: str
) -> None:
    code, out, err = within(ended.folder, "export", champion["id"], *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


def test_the_page_of_results(published: Path, champion: dict[str, Any], within: Within) -> None:
    code, out, err = within(published, "results", "--markdown")
    assert (code, err) == (0, "")
    [line] = [line for line in out.splitlines() if line.startswith("| tiny ")]
    test = next(one for one in champion["figures"] if one["split"] == "test")
    assert f"[{champion['id']}](tiny/{champion['id']}.md) | fake-small | 20 | {test['gap_mean']:.4g} " in line
    [row] = json.loads(within(published, "results", "--json")[1])
    assert (row["gap_test"], row["n_test"]) == (test["gap_mean"], 20)
    assert row["difference"] == pytest.approx(row["gap_test"] - row["gap_best_baseline"])
    assert row["p"] == next(
        one["p"]
        for one in json.loads(card_of(published).read_text())["against_best_baseline"]
        if one["split"] == "test"
    )
    assert [column.header for column in results_table([row], 100).columns][-2:] == ["ood", "size"]
    assert "ood" not in [column.header for column in results_table([row], 99).columns]
    narrow = within(published, "results", env={"COLUMNS": "80"})[1].splitlines()
    assert max(map(len, narrow)) <= 80
    assert any(line.startswith(f"  {champion['id']}, fake-small ") for line in narrow)
    card = card_of(published).with_suffix(".md")
    before = card.read_text()
    card.unlink()
    assert within(published, "results", "--write")[0] == 0
    assert card.read_text() == before
    assert (published / "results" / "README.md").read_text() == out
    card_of(published).write_text("{}")
    code, _, err = within(published, "results")
    assert (code, err.count("\n")) == (2, 1)
