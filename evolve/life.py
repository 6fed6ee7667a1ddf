"""One candidate's life as a LangGraph graph: reflect, prompt, propose, check, evaluate, repair at most k times,
reverse, tune, validate. Reflect asks the model for a hint before the operator's own question, where its template wants
one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypedDict

from langgraph.graph import END, START, StateGraph

from evaluators.evaluate import Evaluation, InstanceResult
from evaluators.problem import Problem
from evolve.archive import Archive
from evolve.asking import ask_proposer
from evolve.budget import Budget
from evolve.evaluation import EvaluationPool
from evolve.feedback.teller import Teller, Told
from evolve.measuring import Measuring
from evolve.prompting import Prompts
from evolve.proposers.base import Proposer, Request
from evolve.records import Candidate, Completion, Message, Status
from evolve.replies import Unparsed, hint_of, program_of, thought_of
from evolve.syntax import fingerprint, size
from evolve.syntax.inputs import with_inputs
from evolve.syntax.reversal import reversed_rule
from evolve.tuning import tune
from sandbox.session import KINDS

SLACK = 0.1  # of the best parent's gap: programs up to that much worse are tuned, too
DOLLARS_PER_SECOND = (
    1 / 3600
)  # what a second of waiting is worth where strategies weigh what a call brought: $1 an hour


class Life(TypedDict, total=False):
    """The state: the candidate, the conversation so far, the latest reply, and what is wrong with its program. `turn`
    counts the questions of a life, whether they were asked or not: a resumed run and a replay find answers by it."""

    candidate: Candidate
    told: Told  # when the candidate was asked for
    turn: int
    repairs: int
    messages: list[Message]
    reply: str | None
    evaluation: Evaluation | None
    validation: Evaluation | None
    wrong: str | None
    untuned: Candidate  # the candidate before its program was reversed or tuned


@dataclass
class Surroundings:
    """What a life needs from its run."""

    run: str
    seed: int
    problem: Problem
    archive: Archive
    proposers: Mapping[str, Proposer]  # by name
    prompts: Prompts
    pool: EvaluationPool
    measuring: Measuring
    budget: Budget
    racing: bool
    teller: Teller
    program: Callable[[str], tuple[Candidate, Sequence[InstanceResult]]]  # candidate id -> it and its train results
    called: Callable[[Candidate, Completion], None]  # told of every completion that comes back

    def reads_prompts(self, candidate: Candidate) -> bool:
        """Whether the candidate's proposer is asked by text."""
        return self.proposers[candidate.proposer].reads_prompts


def build_life(around: Surroundings) -> Any:
    """Compile the graph; `ainvoke({"candidate": …})` lives one life and returns its final state."""
    nodes = _Nodes(around)
    graph = StateGraph(Life)
    graph.add_node("reflect", nodes.reflect)
    graph.add_node("prompt", nodes.prompt)
    graph.add_node("propose", nodes.propose)
    graph.add_node("check", nodes.check)
    graph.add_node("evaluate", nodes.evaluate)
    graph.add_node("reverse", nodes.reverse)
    graph.add_node("tune", nodes.tune)
    graph.add_node("validate", nodes.validate)
    graph.add_node("repair", nodes.repair)
    graph.add_edge(START, "reflect")
    graph.add_edge("reflect", "prompt")
    graph.add_edge("prompt", "propose")
    graph.add_conditional_edges("propose", nodes.after_propose, ["check", END])
    graph.add_conditional_edges("check", nodes.after_check, ["evaluate", "repair", END])
    graph.add_conditional_edges("evaluate", nodes.after_evaluate, ["reverse", "repair", END])
    graph.add_edge("reverse", "tune")
    graph.add_edge("tune", "validate")
    graph.add_edge("validate", END)
    graph.add_edge("repair", "propose")
    return graph.compile()


class _Nodes:
    """The graph's nodes: small functions from the state to changes of it."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around

    async def reflect(self, state: Life) -> Life:
        """Ask for the hint that the operator wants, unless the strategy gave one; the answer goes into the candidate's
        note. Where there is no answer, or no room in the budget, the operator goes without."""
        around, candidate = self.around, state["candidate"]
        template = around.prompts.reflection(candidate.operator)
        if template is None or not around.reads_prompts(candidate) or "hint" in candidate.note:
            return {"turn": 0}
        if self._may_reflect(candidate):
            messages = await self._messages(state, template)
            around.budget.in_flight += 1
            try:
                completion = await self._answer(candidate, template, 0, messages)
            finally:
                around.budget.in_flight -= 1
            if (hint := hint_of(completion.reply)) is not None:
                candidate.note = {**candidate.note, "hint": hint}
        return {"turn": 1}

    def _may_reflect(self, candidate: Candidate) -> bool:
        """Whether an earlier session has the answer, or the question may still be asked: there is room for its call,
        and the operator's own was not answered without it."""
        around = self.around
        if around.archive.completion(around.run, candidate.number, 0) is not None:
            return True
        answered = around.archive.completion(around.run, candidate.number, 1) is not None
        return not answered and around.budget.exhausted(calling=True) is None

    async def prompt(self, state: Life) -> Life:
        """Render the operator's template with its parents, what they achieved and what went wrong lately."""
        candidate = state["candidate"]
        if not self.around.reads_prompts(candidate):
            return {"repairs": 0, "messages": []}
        return {"repairs": 0, "messages": await self._messages(state)}

    async def _messages(self, state: Life, reflection: str | None = None) -> list[Message]:
        around, candidate = self.around, state["candidate"]
        parents = [around.program(parent) for parent in candidate.parents]
        examples = [around.program(one) for one in candidate.inspirations]
        return await around.teller.prompt(candidate, parents, examples, state["told"], reflection)

    async def propose(self, state: Life) -> Life:
        """Ask for the program."""
        around, candidate = self.around, state["candidate"]
        if state["repairs"] > 0:
            around.budget.in_flight += 1
        try:
            completion = await self._answer(candidate, candidate.operator, state["turn"], state["messages"])
        finally:
            if around.reads_prompts(candidate):  # the engine counted the first question in when it asked the strategy
                around.budget.in_flight -= 1
        candidate.model = completion.model or candidate.model
        if completion.reply is None and candidate.failure_kind is None:
            candidate.status, candidate.failure_kind = "failed", "call"
            candidate.failure_message = completion.error
        return {"reply": completion.reply, "wrong": None, "evaluation": None}

    async def _answer(self, candidate: Candidate, template: str, turn: int, messages: list[Message]) -> Completion:
        """Ask the proposer, unless an earlier session has its answer; the answer is stored before anything uses it."""
        around = self.around
        completion = None
        if around.reads_prompts(candidate):
            completion = around.archive.completion(around.run, candidate.number, turn)
        if completion is None:
            completion = await self._ask(candidate, template, turn, messages)
        candidate.price += (completion.cost or 0.0) + DOLLARS_PER_SECOND * completion.seconds
        return completion

    async def _ask(self, candidate: Candidate, template: str, turn: int, messages: list[Message]) -> Completion:
        around = self.around
        request = Request(
            key=f"{around.run}/{candidate.number}/{turn}",
            operator=template,
            interface=around.problem.interface,
            features=around.problem.evaluator.features,
            parents=[around.program(parent)[0].source or "" for parent in candidate.parents],
            messages=messages,
            model=candidate.model,
            seed=f"{around.seed}|{candidate.number}|{turn}",
        )
        completion = await ask_proposer(around.proposers[candidate.proposer], request)
        if around.reads_prompts(candidate):
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
        if around.problem.interface == "priority":
            source = with_inputs(source, [feature.name for feature in around.problem.evaluator.features])
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
        candidate = state["candidate"]
        assert candidate.source is not None
        evaluation = await self._measured(candidate, candidate.source)
        describe(candidate, evaluation)
        if evaluation.failure is not None:
            failure = evaluation.failure
            return {**self._wrong(candidate, "invalid", failure.kind, failure.message), "evaluation": evaluation}
        ended: dict[str | None, Status] = {None: "valid", "repeats": "duplicate", "outraced": "outraced"}
        candidate.status, candidate.failure_kind, candidate.failure_message = ended[evaluation.stopped], None, None
        return {"evaluation": evaluation}

    async def _measured(self, candidate: Candidate, source: str) -> Evaluation:
        """A program on train, or as much of it as tells that it is of no use, at the candidate's expense."""
        around = self.around
        syntax = fingerprint(source)
        known = around.measuring.knows(syntax)
        after = candidate.note.get("after", 0)
        evaluation = await around.measuring.train(source, syntax, size(source), after, self._bar(candidate))
        candidate.evaluations += 0.0 if known else evaluation.share
        return evaluation

    def _bar(self, candidate: Candidate) -> list[float] | None:
        """What the best parent achieved, instance by instance: a program that cannot come near it is stopped. One of a
        different form is not: it may need a few steps to get anywhere."""
        around = self.around
        if not around.racing or candidate.operator == "explore":
            return None
        parents = [around.program(parent) for parent in candidate.parents]
        valid = [(one.train, [result.gap for result in results]) for one, results in parents if one.train is not None]
        return min(valid)[1] if valid else None

    def after_evaluate(self, state: Life) -> Literal["reverse", "repair", "__end__"]:
        if state["wrong"] is not None:
            return self._repair_or_end(state)
        return "__end__" if state["candidate"].status == "duplicate" else "reverse"

    async def reverse(self, state: Life) -> Life:
        """Turn a priority rule round that is worse than the program that the search began with: a model that cannot
        tell which way a value points is right every second time, and the other way costs an evaluation, not a call."""
        around, candidate, proposed = self.around, state["candidate"], state["evaluation"]
        assert proposed is not None
        if around.problem.interface != "priority" or not self._worked_on(candidate) or not self._behind(proposed):
            return {}
        source = reversed_rule(candidate.source or "")
        if source is None:
            return {}
        evaluation = await self._measured(candidate, source)
        before = math.inf if candidate.train is None else candidate.train  # one that was outraced is far behind
        if evaluation.gap_mean is None or evaluation.gap_mean >= before:
            return {}
        untuned = replace(candidate, gaps=dict(candidate.gaps))
        candidate.status, candidate.note = "valid", {**candidate.note, "reversed": True}
        candidate.thought = f"The reverse of: {candidate.thought}" if candidate.thought else None
        self._becomes(candidate, source, evaluation)
        return {"evaluation": evaluation, "untuned": untuned}

    def _behind(self, evaluation: Evaluation) -> bool:
        """Whether a program is worse than the one that the search began with, on the instances that were played."""
        start = {result.instance: result.gap for result in self.around.program(f"{self.around.run}-0")[1]}
        played = [(result.gap, start[result.instance]) for result in evaluation.results if result.instance in start]
        return bool(played) and sum(gap for gap, _ in played) > sum(gap for _, gap in played)

    def _becomes(self, candidate: Candidate, source: str, evaluation: Evaluation) -> None:
        """Another program takes the place of the one that was proposed, whose mark stays in the note."""
        proposed = {"proposed": candidate.syntax, "proposed_gap": candidate.train}
        candidate.note = {**proposed, **candidate.note}
        candidate.source, candidate.syntax, candidate.size = source, fingerprint(source), size(source)
        describe(candidate, evaluation)

    async def tune(self, state: Life) -> Life:
        """Give a survivor better constants, and measure what comes of it; the program that was proposed stays in its
        completion, and its mark in the note."""
        around, candidate = self.around, state["candidate"]
        if not self._survives(candidate):
            return {}
        assert candidate.source is not None
        assert candidate.train is not None

        measured: dict[str, Evaluation] = {}

        async def measure(source: str) -> float | None:
            measured[source] = evaluation = await around.pool.evaluate(source, "train")
            return evaluation.gap_mean

        seed = f"{around.seed}|{candidate.number}|tuning"
        tuned = await tune(candidate.source, candidate.train, measure, int(candidate.note["tune"]), seed)
        candidate.evaluations += tuned.evaluations
        untuned = state.get("untuned") or replace(candidate, gaps=dict(candidate.gaps))
        better = tuned.source != candidate.source
        candidate.note = {**candidate.note, "tuning": tuned.evaluations, "tuned": better}
        if not better:
            return {"untuned": untuned}
        evaluation = measured[tuned.source]
        self._becomes(candidate, tuned.source, evaluation)
        return {"evaluation": evaluation, "untuned": untuned}

    def _worked_on(self, candidate: Candidate) -> bool:
        """Whether evaluations may be spent on a better program than the one that was proposed, which is new."""
        return bool(candidate.note.get("tune")) and not self.around.measuring.knows(candidate.syntax or "")

    def _survives(self, candidate: Candidate) -> bool:
        """Whether a program is worth tuning: hardly worse than what it was made of. Nothing that depends on which other
        lives are in flight."""
        if candidate.train is None or not self._worked_on(candidate):
            return False
        gaps = [self.around.program(parent)[0].train for parent in candidate.parents]
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
        teller, candidate = self.around.teller, state["candidate"]
        messages = await teller.repair(candidate, state["messages"], state["reply"] or "", state.get("evaluation"))
        candidate.note = {**candidate.note, "repaired": state["repairs"] + 1}
        return {"turn": state["turn"] + 1, "repairs": state["repairs"] + 1, "messages": messages}

    def _wrong(self, candidate: Candidate, status: Status, kind: str, message: str) -> Life:
        candidate.status, candidate.failure_kind, candidate.failure_message = status, kind, message
        return {"wrong": f"{KINDS.get(kind, 'The reply cannot be used')}.\n{message}"}

    def _repair_or_end(self, state: Life) -> Literal["repair", "__end__"]:
        around = self.around
        candidate = state["candidate"]
        possible = around.reads_prompts(candidate) and state["repairs"] < candidate.note.get("repairs", 0)
        return "repair" if possible and around.budget.exhausted(calling=True) is None else "__end__"


def describe(candidate: Candidate, evaluation: Evaluation) -> None:
    """Note in a candidate what its evaluation on train showed."""
    candidate.behaviour = evaluation.behaviour
    candidate.seconds, candidate.decision_seconds = evaluation.seconds, evaluation.decision_seconds
    candidate.stdout, candidate.stderr = evaluation.report.stdout, evaluation.report.stderr
    if evaluation.probe is not None:
        candidate.note = {**candidate.note, "probe": evaluation.probe}
    candidate.failure_instance = evaluation.failure.instance if evaluation.failure else None
    if evaluation.gap_mean is not None:
        candidate.gaps["train"] = evaluation.gap_mean
