"""Each piece of what a model is told, against hand-made cases."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from evolve.feedback import failures
from evolve.feedback.contrast import Known, examples
from evolve.feedback.cutting import fence, to_entry, to_length
from evolve.feedback.parents import classes, shown
from evolve.feedback.parts import shared_parts
from evolve.feedback.plan import goal
from evolve.feedback.values import line, short
from evolve.feedback.worst import Case, case_lines, worst_cases
from evolve.feedback.yardsticks import Yardsticks, answers, yardsticks
from sandbox.session import Limits
from tests.feedback.samples import EDD, MDD, candidate, failing, results

SOLVE = "def solve(instance):\n    return []\n"


@pytest.fixture
def known() -> Yardsticks:
    """edd is best on the loose instances, mdd on the tight ones; what sees everything is no yardstick for a rule."""
    edd = candidate(-1, 6.0, EDD, name="edd"), results(tight=[10.0, 12.0], loose=[1.0, 1.0])
    mdd = candidate(-2, 3.0, MDD, name="mdd"), results(tight=[2.0, 4.0], loose=[3.0, 3.0])
    exact = candidate(-3, 0.0, SOLVE, name="exact"), results(tight=[0.0, 0.0], loose=[0.0, 0.0])
    return yardsticks([edd, mdd, exact], "priority")


# --- parents and the plan ---------------------------------------------------------------------------------------------


def test_regret_is_against_the_best_baseline_of_each_class_worst_first(known: Yardsticks) -> None:
    found = classes(results(tight=[5.0, 7.0], loose=[9.0, 9.0]), known)
    assert [(one.group, one.gap, one.regret, one.rival) for one in found] == [
        ("loose", 9.0, 8.0, "edd"),
        ("tight", 6.0, 3.0, "mdd"),
    ]
    assert classes(results(tight=[5.0]), known) == []


def test_without_a_baseline_of_the_form_all_count() -> None:
    found = yardsticks([(candidate(-3, 0.0, SOLVE, name="exact"), results(all=[1.0]))], "priority")
    assert found.best == {"all": ("exact", 1.0)}


def test_programs_answer_by_their_entry_function() -> None:
    assert answers("def priorities(p):\n    return p\n", "priority")
    assert not answers(SOLVE, "priority")
    assert not answers("def priority(:", "priority")


def test_the_best_known_rule_is_the_one_of_the_least_mean(known: Yardsticks) -> None:
    assert known.least == 3.0  # mdd: 2, 4, 3 and 3
    assert Yardsticks().least == math.inf


def test_what_the_mutator_notes_is_not_shown(known: Yardsticks) -> None:
    source = 'def priority(p, d):\n    """Takes p for d."""\n    # kept\n    return p\n'
    limits = Limits(call_seconds=1.0, instance_seconds=0.1)
    asked = candidate(1, 5.0, source, thought="Takes p for d.")
    made = shown(replace(asked, proposer="mutator"), (), known, limits)
    assert made.source == "def priority(p, d):\n    # kept\n    return p\n"
    assert made.thought is None
    assert shown(asked, (), known, limits).thought == "Takes p for d."
    assert shown(asked, (), known, limits).source == source


def test_decision_time_matters_from_a_tenth_of_the_limit_on() -> None:
    limits = Limits(call_seconds=2.0, instance_seconds=1.0)
    quick = shown(candidate(1, 1.0, decision_seconds=0.3), results(a=[1.0, 1.0]), Yardsticks(), limits)
    slow = shown(candidate(1, 1.0, decision_seconds=1.0), results(a=[1.0, 1.0]), Yardsticks(), limits)
    assert (quick.slow, slow.slow, slow.share) == (False, True, 0.25)


def test_a_class_that_holds_the_mean_back_becomes_a_goal(known: Yardsticks) -> None:
    held = results(tight=[3.0, 3.0] * 4, loose=[9.0])
    aim = goal(classes(held, known))
    assert aim is not None
    assert (aim.group, aim.lost, aim.rival, aim.of_loss) == ("loose", 8.0, "edd", 1.0)
    assert aim.of_instances == pytest.approx(1 / 9)
    assert "loses 8 to edd: 100% of all that it loses, on 11% of the instances" in str(aim)


def test_an_even_loss_is_no_goal_and_a_program_that_wins_is_measured_by_its_gap(known: Yardsticks) -> None:
    assert goal(classes(results(tight=[9.0, 9.0], loose=[7.0, 7.0]), known)) is None
    assert goal(()) is None
    aim = goal(classes(results(tight=[0.1] * 9, loose=[0.9]), known))
    assert aim is not None
    assert (aim.group, aim.rival) == ("loose", None)


# --- worst instances --------------------------------------------------------------------------------------------------


def test_the_worst_instances_are_those_of_largest_regret_one_a_class(known: Yardsticks) -> None:
    cases = worst_cases(results(tight=[3.0, 9.0], loose=[2.0, 5.0]), known)
    assert [(case.position, case.rival, case.regret) for case in cases] == [(1, "mdd", 5.0), (3, "edd", 4.0)]
    assert worst_cases(results(tight=[1.0, 1.0], loose=[0.0, 0.0]), known) == []


def test_a_case_reads_with_its_figures_and_without_its_key(known: Yardsticks) -> None:
    (text, metrics) = case_lines(worst_cases(results(tight=[3.0, 9.0], loose=[0.0, 0.0]), known)[0])
    assert text == "- An instance of class tight: cost 109, mdd 104, reference 100."
    assert metrics == "  Beside mdd: late 9 against 4."


def test_a_parting_reads_as_what_each_puts_first() -> None:
    from evaluators.parting import Inspection, Parting

    parting = Parting(2, {"t": 5}, {"p": 3, "d": 7.25, "n": 1}, {"p": 1, "d": 9, "n": 1}, (2, 1), features=True)
    mine, theirs = results(a=[5.0])[0], results(a=[1.0])[0]
    lines = case_lines(Case(0, mine, theirs, "mdd", Inspection(parting)))
    assert [one.strip() for one in lines[-3:]] == [
        "They part at decision 3 (t 5):",
        "this program puts first the item with p 3, d 7.25 (one of 2 that tie);",
        "mdd the one with p 1, d 9.",
    ]
    answered = Inspection(Parting(0, {"load": list(range(50))}, "none", {"a": [1, 2]}))
    text = " ".join(case_lines(Case(0, mine, theirs, "mdd", answered))[-2:])
    assert "given load = [0, 1, 2, 3, 4, 5, … 50 items]:" in text
    assert "answers 'none', mdd {a: [1, 2]}." in text
    numbers = Inspection(Parting(4, {"idle": [0.5, 1.0]}, {"next": 1, "slice": 2.0}, {"next": 0, "slice": 1.0}))
    text = " ".join(case_lines(Case(0, mine, theirs, "mdd", numbers))[-2:])
    assert "They part at decision 5, given idle = [0.5, 1]:" in text
    assert "answers {next: 1, slice: 2}, mdd {next: 0, slice: 1}." in text


def test_a_trace_is_told_without_names() -> None:
    from evaluators.parting import Inspection

    mine, theirs = results(a=[5.0])[0], results(a=[1.0])[0]
    trace = [{"tail": "aws:eu-west-3", "partitions": 5, "gbps": 2.5}, {"job": 3, "machine": 1}]
    text = "\n".join(case_lines(Case(0, mine, theirs, "mdd", Inspection(trace=trace))))
    assert "Its outcome begins: partitions 5, gbps 2.5." in text
    assert "aws" not in text
    assert "job" not in text


# --- failures ---------------------------------------------------------------------------------------------------------


def test_an_exception_reads_with_its_line_of_code() -> None:
    message = "ZeroDivisionError: division by zero\n  line 2, in priority: return helper(p)\n  line 5, in helper: p / 0"
    assert failures.failure_line(failing("exception", message)) == "ZeroDivisionError: division by zero in `p / 0`"


def test_failures_come_in_two_kinds_each_once_newest_first() -> None:
    known: tuple[failures.Failed, ...] = ()
    for kind, message in [
        ("exception", "ValueError: a"),
        ("timeout", "no answer within 2 s"),
        ("syntax", "line 3: invalid syntax"),
        ("exception", "ValueError: b"),
        ("exception", "ValueError: a"),
        *[("illegal", f"job {k} is scheduled twice") for k in range(20)],
    ]:
        failed = failures.failed(failing(kind, message))
        assert failed is not None
        known = failures.note(known, failed)
    found = failures.recent(known, most=9)
    assert found.protocol == [
        "the program does not compile: line 3: invalid syntax",
        "the program exceeded its time limit: no answer within 2 s",
    ]
    assert len(found.algorithmic) == failures.KEPT
    assert found.algorithmic[0].endswith("job 19 is scheduled twice")
    assert failures.failed(failing("call", "HTTP 500")) is None


def test_every_kind_has_advice() -> None:
    from sandbox.session import KINDS

    assert set(failures.ADVICE) == {*KINDS, "reply"}


# --- examples ---------------------------------------------------------------------------------------------------------

TOLD = [Known(f"c{k}", float(k), f"shape {k}") for k in range(1, 11)]


def test_examples_differ_most_at_first_and_less_later() -> None:
    assert examples(TOLD, ["c1"], [], 0.0) == ("c10", "c2")
    assert examples(TOLD, ["c1"], [], 0.5) == ("c7", "c2")
    assert examples(TOLD, ["c1"], [], 1.0) == ("c3", "c2")


def test_what_the_strategy_names_is_shown_worse_one_first() -> None:
    assert examples(TOLD, ["c1"], ["c3", "c8"], 0.0) == ("c8", "c3")
    assert examples(TOLD, ["c1"], ["c5"], 1.0) == ("c5", "c2")
    assert examples(TOLD, ["c1"], ["c3", "c5", "c9"], 0.0) == ("c9", "c3")
    assert examples(TOLD, ["c1"], ["c3", "c5", "c9"], 1.0) == ("c5", "c3")


def test_no_two_examples_of_one_shape_and_none_of_a_parents() -> None:
    tuned = [Known("a", 1.0, "x"), Known("b", 2.0, "x"), Known("c", 3.0, "y"), Known("d", 4.0, "y")]
    assert examples(tuned, ["a"], ["b", "c", "d"], 0.0) == ("c",)
    assert examples(tuned, ["b"], [], 0.0) == ("c",)
    assert examples([], ["a"], ["b"], 0.0) == ()


# --- parts ------------------------------------------------------------------------------------------------------------


def test_parts_are_what_better_rules_share_whatever_their_constants() -> None:
    better = [f"def priority(p, d, t):\n    return max(d, t + {k} * p) + {k} * p / (t + 1)\n" for k in (2, 3, 4, 5)]
    worse = [f"def priority(p, d, t):\n    return d + {k} * t * p\n" for k in (2, 3, 4, 5)]
    found = shared_parts([*better, *worse])
    assert found[0].better == 4
    assert found[0].worse == 0
    assert "2 * p / (t + 1)" in found[0].text
    assert shared_parts([*worse, *better])[0].text != found[0].text
    assert shared_parts(better) == []


def test_helpers_are_parts_too() -> None:
    helper = "def slack(obs):\n    return obs['d'] - {k} * obs['t']\n\n\n"
    better = [helper.format(k=k) + f"def decide(obs):\n    return slack(obs) > {k}\n" for k in (2, 3, 4)]
    worse = [f"def decide(obs):\n    return obs['t'] > {k}\n" for k in (2, 3, 4)]
    (part,) = shared_parts([*better, *worse])
    assert part.helper
    assert part.text.startswith("def slack(obs):")


def test_what_occurs_everywhere_is_no_part() -> None:
    alike = [f"def priority(p, d, t):\n    return max(d, t + p) + {k} * p\n" for k in range(2, 12)]
    assert shared_parts(alike) == []


# --- text -------------------------------------------------------------------------------------------------------------


def test_long_programs_are_cut_to_their_entry_function_and_signatures() -> None:
    source = (
        "import math\nLIMIT = 3\n\n\ndef helper(a, b):\n    '''Helps.'''\n    return a\n\n\n"
        "class Box:\n    x = 1\n\n\ndef solve(instance):\n    x = 1\n\n    return helper(x, LIMIT)\n"
    )
    cut = to_entry(source)
    assert "import math\nLIMIT = 3" in cut
    assert "def helper(a, b):\n    ...  # left out here" in cut
    assert "class Box:\n    ...  # left out here" in cut
    assert cut.endswith("def solve(instance):\n    x = 1\n\n    return helper(x, LIMIT)\n")
    assert to_entry("not python at all(") == "not python at all("


def test_lines_are_left_out_whole() -> None:
    assert to_length("a = 1\nb = 2\n", 1000) == "a = 1\nb = 2\n"
    cut = to_length("x" * 5000 + "\n" + "\n".join(f"line_{k} = {k}" for k in range(1000)), 400)
    assert len(cut) <= 400
    assert cut.startswith("# a line of 5000 characters is left out here\nline_0 = 0\n")
    assert cut.endswith("more lines are left out here\n")


def test_a_fence_is_longer_than_any_inside() -> None:
    assert (fence("x"), fence("a ``` b"), fence("`````")) == ("```", "````", "``````")


def test_values_are_short_whatever_they_are() -> None:
    import numpy as np

    assert short({"a": 1 / 3, "b": True, "c": None}) == "{a: 0.3333, b: True, c: None}"
    assert short(np.zeros((3, 4))) == "[0, 0, 0, 0, 0, 0, …] (3×4)"
    assert short([[[[1]]]]) == "[[[… 1 items]]]"
    assert len(short("x" * 10_000)) < 60
    assert line("a\n\x1b[31mb\0", 50) == "a [31mb"
    assert len(line("x" * 10_000, 50)) == 50
