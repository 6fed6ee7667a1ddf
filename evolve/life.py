"""One candidate's life as a LangGraph graph: prompt, propose, check, evaluate, at most k repairs, tune, validate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypedDict

from langgraph.graph import END, START, StateGraph

from evaluators.evaluate import Evaluation, InstanceResult
from evaluators.problem import Problem
from evolve.archive import Archive
from evolve.budget import Budget
from evolve.evaluation import EvaluationPool
from evolve.feedback import Notebook, Shown, repair_text, shown
from evolve.measuring import Measuring
from evolve.prompting import Prompts
from evolve.proposers.base import Proposer, Request
from evolve.records import Candidate, Completion, Message, Status
from evolve.replies import Unparsed, program_of, thought_of
from evolve.syntax import fingerprint, size
from evolve.tuning import tune
from sandbox.session import KINDS

REPAIRS = 1
SLACK = 0.1  # of the best parent's gap: programs up to that much worse are tuned, too
DOLLARS_PER_SECOND = (
    1 / 3600
)  # what a second of waiting is worth where strategies weigh what a call brought: $1 an hour


class Life(TypedDict, total=False):
    """The state: the candidate, the conversation so far, the latest reply, and what is wrong with its program."""

    candidate: Candidate
    turn: int
    messages: list[Message]
    reply: str | None
    evaluation: Evaluation | None
    validation: Evaluation | None
    wrong: str | None
    untuned: Candidate  # the candidate before tuning changed its program


@dataclass
class Surroundings:
    """What a life needs from its run."""

    run: str
    seed: int
    problem: Problem
    archive: Archive
    proposer: Proposer
    prompts: Prompts
    pool: EvaluationPool
    measuring: Measuring
    budget: Budget
    tuning: int
    notebook: Notebook
    program: Callable[[str], tuple[Candidate, Sequence[InstanceResult]]]  # candidate id -> it and its train results
    called: Callable[[Candidate, Completion], None]  # told of every completion that comes back


def build_life(around: Surroundings) -> Any:
    """Compile the graph; `ainvoke({"candidate": …})` lives one life and returns its final state."""
    nodes = _Nodes(around)
    graph = StateGraph(Life)
    graph.add_node("prompt", nodes.prompt)
    graph.add_node("propose", nodes.propose)
    graph.add_node("check", nodes.check)
    graph.add_node("evaluate", nodes.evaluate)
    graph.add_node("tune", nodes.tune)
    graph.add_node("validate", nodes.validate)
    graph.add_node("repair", nodes.repair)
    graph.add_edge(START, "prompt")
    graph.add_edge("prompt", "propose")
    graph.add_conditional_edges("propose", nodes.after_propose, ["check", END])
    graph.add_conditional_edges("check", nodes.after_check, ["evaluate", "repair", END])
    graph.add_conditional_edges("evaluate", nodes.after_evaluate, ["tune", "repair", END])
    graph.add_edge("tune", "validate")
    graph.add_edge("validate", END)
    graph.add_edge("repair", "propose")
    return graph.compile()


class _Nodes:
    """The graph's nodes: small functions from the state to changes of it."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around

    async def prompt(self, state: Life) -> Life:
        """Render the operator's template with its parents, what they achieved and what went wrong lately."""
        around, candidate = self.around, state["candidate"]
        if not around.proposer.reads_prompts:
            return {"turn": 0, "messages": []}
        context = around.notebook.context(self._shown(candidate.parents), self._shown(candidate.inspirations))
        return {"turn": 0, "messages": around.prompts.messages(candidate.operator, around.problem, context)}

    def _shown(self, identifiers: Sequence[str]) -> list[Shown]:
        return [shown(*self.around.program(identifier)) for identifier in identifiers]

    async def propose(self, state: Life) -> Life:
        """Ask the proposer, unless an earlier session has its answer; the answer is stored before anything uses it."""
        around, candidate, turn, messages = self.around, state["candidate"], state["turn"], state["messages"]
        if turn > 0:
            around.budget.in_flight += 1
        try:
            completion = None
            if around.proposer.reads_prompts:
                completion = around.archive.completion(around.run, candidate.number, turn)
            if completion is None:
                completion = await self._ask(candidate, turn, messages)
        finally:
            around.budget.in_flight -= 1  # the engine counted the first turn in when it asked the strategy
        candidate.model = completion.model or candidate.model
        candidate.price += (completion.cost or 0.0) + DOLLARS_PER_SECOND * completion.seconds
        if completion.reply is None and candidate.failure_kind is None:
            candidate.status, candidate.failure_kind = "failed", "call"
            candidate.failure_message = completion.error
        return {"reply": completion.reply, "wrong": None, "evaluation": None}

    async def _ask(self, candidate: Candidate, turn: int, messages: list[Message]) -> Completion:
        around = self.around
        request = Request(
            key=f"{around.run}/{candidate.number}/{turn}",
            operator=candidate.operator,
            interface=around.problem.interface,
            features=around.problem.evaluator.features,
            parents=[around.program(parent)[0].source or "" for parent in candidate.parents],
            messages=messages,
            model=candidate.model,
            seed=f"{around.seed}|{candidate.number}|{turn}",
        )
        completion = await around.proposer.propose(request)
        if around.proposer.reads_prompts:
            around.archive.save_completion(around.run, candidate.number, turn, request.key, messages, completion)
            around.budget.spend(completion.input_tokens + completion.output_tokens, completion.cost)
            around.called(candidate, completion)
        return completion

    def after_propose(self, state: Life) -> Literal["check", "__end__"]:
        return "__end__" if state["reply"] is None else "check"

    async def check(self, state: Life) -> Life:
        """Find the program in the reply, and see that it parses."""
        candidate, around = state["candidate"], self.around
        base = candidate.source
        if base is None and candidate.parents:
            base = around.program(candidate.parents[-1])[0].source
        try:
            source = program_of(state["reply"] or "", base, around.problem.entry_functions)
        except Unparsed as error:
            return self._wrong(candidate, "unparsed", "reply", str(error))
        candidate.source, candidate.thought = source, thought_of(source)
        try:
            candidate.syntax, candidate.size = fingerprint(source), size(source)
        except SyntaxError as error:
            return self._wrong(candidate, "invalid", "syntax", f"line {error.lineno}: {error.msg}")
        return {}

    def after_check(self, state: Life) -> Literal["evaluate", "repair", "__end__"]:
        return "evaluate" if state["wrong"] is None else self._repair_or_end(state)

    async def evaluate(self, state: Life) -> Life:
        """Measure the program on train."""
        around, candidate = self.around, state["candidate"]
        assert candidate.source is not None
        assert candidate.syntax is not None
        evaluation = await around.measuring.train(candidate.source, candidate.syntax)
        describe(candidate, evaluation)
        if evaluation.failure is not None:
            failure = evaluation.failure
            return {**self._wrong(candidate, "invalid", failure.kind, failure.message), "evaluation": evaluation}
        candidate.status, candidate.failure_kind, candidate.failure_message = "valid", None, None
        return {"evaluation": evaluation}

    def after_evaluate(self, state: Life) -> Literal["tune", "repair", "__end__"]:
        return "tune" if state["wrong"] is None else self._repair_or_end(state)

    async def tune(self, state: Life) -> Life:
        """Give a survivor better constants, and measure what comes of it; the program that was proposed stays in its
        completion, and its mark in the note."""
        around, candidate = self.around, state["candidate"]
        if not self._survives(candidate):
            return {}
        assert candidate.source is not None
        assert candidate.train is not None

        async def measure(source: str) -> float | None:
            return (await around.pool.evaluate(source, "train")).gap_mean

        seed = f"{around.seed}|{candidate.number}|tuning"
        tuned = await tune(candidate.source, candidate.train, measure, around.tuning, seed)
        untuned = replace(candidate, gaps=dict(candidate.gaps))
        candidate.note = {**candidate.note, "tuning": tuned.evaluations}
        if tuned.source == candidate.source:
            return {"untuned": untuned}
        candidate.note = {**candidate.note, "proposed": candidate.syntax, "proposed_gap": candidate.train}
        candidate.source, candidate.syntax = tuned.source, fingerprint(tuned.source)
        evaluation = await around.measuring.train(tuned.source, candidate.syntax)
        describe(candidate, evaluation)
        return {"evaluation": evaluation, "untuned": untuned}

    def _survives(self, candidate: Candidate) -> bool:
        """Whether a program is worth tuning: new, and hardly worse than what it was made of. Nothing that depends on
        which other lives are in flight."""
        around = self.around
        if not around.tuning or candidate.train is None or around.measuring.knows(candidate.syntax or ""):
            return False
        gaps = [around.program(parent)[0].train for parent in candidate.parents]
        best = min((gap for gap in gaps if gap is not None), default=math.inf)
        return candidate.train <= best + SLACK * abs(best)

    async def validate(self, state: Life) -> Life:
        """Measure the program on validation when it is among the best on train so far."""
        around, candidate = self.around, state["candidate"]
        if candidate.train is None or not around.measuring.among_best(candidate.train):
            return {}
        validation = await around.pool.evaluate(candidate.source or "", "validation")
        if validation.gap_mean is not None:
            candidate.gaps["validation"] = validation.gap_mean
        return {"validation": validation}

    async def repair(self, state: Life) -> Life:
        """Tell the model what went wrong, in the same conversation."""
        text = repair_text(state["wrong"] or "", state.get("evaluation"))
        question = self.around.prompts.follow_up("repair", {"problem_with_reply": text})
        reply = Message("assistant", state["reply"] or "")
        return {"turn": state["turn"] + 1, "messages": [*state["messages"], reply, question]}

    def _wrong(self, candidate: Candidate, status: Status, kind: str, message: str) -> Life:
        candidate.status, candidate.failure_kind, candidate.failure_message = status, kind, message
        return {"wrong": f"{KINDS.get(kind, 'The reply cannot be used')}.\n{message}"}

    def _repair_or_end(self, state: Life) -> Literal["repair", "__end__"]:
        around = self.around
        possible = around.proposer.reads_prompts and state["turn"] < REPAIRS
        return "repair" if possible and around.budget.exhausted(calling=True) is None else "__end__"


def describe(candidate: Candidate, evaluation: Evaluation) -> None:
    """Note in a candidate what its evaluation on train showed."""
    candidate.behaviour = evaluation.behaviour
    candidate.seconds, candidate.decision_seconds = evaluation.seconds, evaluation.decision_seconds
    candidate.stdout, candidate.stderr = evaluation.report.stdout, evaluation.report.stderr
    candidate.failure_instance = evaluation.failure.instance if evaluation.failure else None
    if evaluation.gap_mean is not None:
        candidate.gaps["train"] = evaluation.gap_mean
