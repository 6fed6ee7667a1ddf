"""The first decision where two programs part, against cases worked out by hand."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from evaluators.drawing import Box, Drawing, Line
from evaluators.evaluate import InstanceResult
from evaluators.machines.shop import Shop
from evaluators.parting import Inspection, SideBySide, first_difference, inspect, side_by_side
from evaluators.problem import Problem, load_problem
from evaluators.protocol import Instance
from evolve.feedback.worst import Case, levels
from sandbox.session import InProcessSandbox

# Machine 2 works on job 2 from 0 to 5. Job 0 comes to it at 1, job 1 at 2: the only choice of the whole schedule.
# First come, first served takes job 0; the longest rest after the operation (1 against 9) is job 1's.
ONE_CHOICE = Shop(p=[[1, 2, 1], [2, 2, 9], [5, 1, 1]], route=[[0, 2, 1], [1, 2, 0], [2, 0, 1]])
FIFO, LRM = "def priority(ready):\n    return ready\n", "def priority(work_after):\n    return -work_after\n"
ALL_TIE = "def priority(t):\n    return 0\n"


def shop_problem(shop: Shop) -> Problem:
    return replace(load_problem("job_shop"), _instances={"train": [Instance("by hand", "3x3", shop)]})


def beside(source: str, rival: str | None, problem: Problem) -> Inspection:
    return inspect(problem, source, rival, "train", 0, InProcessSandbox())


def both(source: str, rival: str, problem: Problem) -> SideBySide:
    return side_by_side(problem, source, rival, "train", 0, InProcessSandbox())


def test_first_come_and_longest_rest_part_at_the_only_choice() -> None:
    parting = beside(FIFO, LRM, shop_problem(ONE_CHOICE)).parting
    assert parting is not None
    assert parting.step == 0
    assert parting.seen == {"t": 5, "free": 5, "queue": 4, "n_queue": 2, "load": 4, "n": 3, "m": 3}
    mine, theirs = parting.mine, parting.theirs
    assert (mine["ready"], mine["p"], mine["work_after"], mine["work_done"]) == (1, 2, 1, 1)
    assert (theirs["ready"], theirs["p"], theirs["work_after"], theirs["work_done"]) == (2, 2, 9, 2)
    assert parting.tied == (1, 1)


def test_levels_are_those_of_the_choice() -> None:
    """Work after the operation is 1 and 9 for the two jobs: 5 is between them. What is 0 is no level."""
    result = InstanceResult("by hand", "3x3", 15.0, 14.0, 7.1, {})
    case = Case(0, result, result, "lrm", beside(FIFO, LRM, shop_problem(ONE_CHOICE)))
    found = levels([replace(case, inspection=None), case])
    assert (found["t"], found["queue"], found["n"]) == (5, 4, 3)
    assert (found["work_after"], found["p"], found["ready"]) == (5, 2, 1.5)
    assert min(found.values()) > 0
    assert levels([replace(case, inspection=Inspection())]) == {}


def test_equal_rules_never_part() -> None:
    again = "def priority(ready, t):\n    return 2 * ready + t\n"
    assert beside(FIFO, again, shop_problem(ONE_CHOICE)) == Inspection()


def test_a_tie_parts_where_the_next_question_is_another() -> None:
    """Three jobs wait for machine 0; with all values equal the true order decides, and job 0 is first. Job 2 has the
    longest rest. What is asked next, about two jobs, tells that the choices were not the same."""
    shop = Shop(p=[[3, 1], [4, 2], [5, 9]], route=[[0, 1], [0, 1], [0, 1]])
    parting = beside(ALL_TIE, LRM, shop_problem(shop)).parting
    assert parting is not None
    assert parting.step == 0
    assert parting.tied == (3, 1)
    assert parting.theirs["work_after"] == 9
    assert parting.mine["work_after"] < 9


def test_a_tie_that_is_broken_alike_is_no_parting() -> None:
    """Job 0 is what the rival takes, and what the tie gives: the two play the same schedule."""
    shop = Shop(p=[[3, 9], [4, 2], [5, 1]], route=[[0, 1], [0, 1], [0, 1]])
    assert beside(ALL_TIE, LRM, shop_problem(shop)) == Inspection()


def test_answers_to_observations_part_where_they_differ() -> None:
    problem = load_problem("spot_instances")
    on_demand = 'def decide(obs):\n    return "on_demand" if obs["work_left"] else "none"\n'
    late = 'def decide(obs):\n    return "on_demand" if obs["elapsed"] < 1200 else "none"\n'
    parting = beside(late, on_demand, problem).parting
    assert parting is not None
    assert parting.step == 2
    assert parting.seen["elapsed"] == 1200
    assert (parting.mine, parting.theirs) == ("none", "on_demand")


def test_what_sees_everything_has_an_outcome_and_no_parting() -> None:
    problem = load_problem("broadcast_overlay")
    found = beside(problem.initial, None, problem)
    assert found.parting is None
    assert {"partitions", "gbps", "seconds"} <= set(found.trace[0])


def test_a_program_that_fails_has_no_parting() -> None:
    problem = shop_problem(ONE_CHOICE)
    fails = "def priority(ready):\n    return 1 / 0\n"
    assert beside(fails, LRM, problem) == Inspection()
    assert beside(FIFO, fails, problem) == Inspection()
    assert beside("not python", LRM, problem) == Inspection()


def test_two_schedules_are_drawn_and_differ_from_where_the_rules_part() -> None:
    """Job 0 first: job 1 is on machine 2 from 7 to 9, then on machine 0 until 18. Job 1 first: there until 16."""
    problem = shop_problem(ONE_CHOICE)
    found = both(FIFO, LRM, problem)
    assert (found.cost, found.rival_cost) == (18, 16)
    assert (found.failure, found.rival_failure) == (None, None)
    assert found.parting == beside(FIFO, LRM, problem).parting
    assert found.drawing is not None
    assert found.rival_drawing is not None
    assert Box(7, 9, "machine 2", label="job 1") in found.drawing.boxes
    assert Box(5, 7, "machine 2", label="job 1") in found.rival_drawing.boxes
    assert first_difference(found.drawing, found.rival_drawing) == 5 == (found.parting and found.parting.seen["t"])
    assert first_difference(found.drawing, found.drawing) is None


def test_beside_a_program_that_fails_stands_why() -> None:
    fails = "def priority(ready):\n    return 1 / 0\n"
    found = both(FIFO, fails, shop_problem(ONE_CHOICE))
    assert (found.cost, found.failure) == (18, None)
    assert found.drawing is not None
    assert (found.rival_cost, found.rival_drawing, found.parting) == (None, None, None)
    assert found.rival_failure is not None
    assert found.rival_failure.startswith("exception: ZeroDivisionError")
    turned = both(fails, FIFO, shop_problem(ONE_CHOICE))
    assert (turned.failure, turned.rival_cost, turned.parting) == (found.rival_failure, 18, None)


def test_what_sees_everything_is_drawn_without_a_parting() -> None:
    problem = load_problem("model_placement")
    found = both(problem.baselines["prism_greedy"], problem.initial, problem)
    assert found.parting is None
    assert found.drawing is not None
    assert found.rival_drawing is not None
    assert found.drawing.due == found.rival_drawing.due == 80


BOXES = st.builds(Box, st.integers(0, 9), st.integers(0, 9), st.sampled_from(["a", "b"]))
LINES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=4).map(lambda points: Line("line", points))
DRAWINGS = st.builds(Drawing, st.just("x"), st.just("y"), st.lists(BOXES, max_size=6), lines=st.tuples(LINES))


@given(DRAWINGS, DRAWINGS)
def test_before_the_first_difference_two_drawings_are_the_same(mine: Drawing, theirs: Drawing) -> None:
    def until(drawing: Drawing, x: float) -> tuple[set[Box], set[tuple[float, float]]]:
        points = {point for line in drawing.lines for point in line.points if point[0] < x}
        return {box for box in drawing.boxes if box.start < x}, points

    found = first_difference(mine, theirs)
    assert found == first_difference(theirs, mine)
    if found is None:
        assert until(mine, 99) == until(theirs, 99)
    else:
        assert until(mine, found) == until(theirs, found)
        assert until(mine, found + 1) != until(theirs, found + 1)
