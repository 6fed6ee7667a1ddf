"""What the problems share where something is decided: answers, chunks, episodes under rules of ours."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from math import ceil
from typing import Any, TypeVar

from evaluators.answers import plain
from evaluators.protocol import Illegal, Outcome
from evaluators.serving.engine import Engine
from evaluators.serving.iterations import Chunk
from evaluators.serving.requests import Request
from evaluators.serving.requests import Sequence as Prompt

T = TypeVar("T")


def selected(answer: Any, shown: Sequence[T], what: str, noun: str, where: str) -> list[T]:
    """Those of `shown` whose indices an answer names, in its order and none of them twice. Raises Illegal.

    what: what the answer is called, as in "the order"; noun: what is shown, as in "prompt"; where: begins the reason.
    """
    answer = plain(answer, "iu", "indices", where)
    if type(answer) not in (list, tuple):
        raise Illegal(f"{where}{what} must be a list of indices, not a {type(answer).__name__}")
    for index in answer:
        if type(index) is not int or not 0 <= index < len(shown):
            raise Illegal(f"{where}{what} has {str(index)[:40]}; {noun}s are numbered 0 to {len(shown) - 1}")
    if len(set(answer)) < len(answer):
        raise Illegal(f"{where}{what} names a {noun} twice")
    return [shown[index] for index in answer]


def filled(engine: Engine, order: Sequence[Prompt], tokens: int) -> list[Chunk]:
    """Chunks of so many tokens in all, to prompts in an order, to each as much as it still needs. A prompt that has not
    begun is admitted; the first that does not fit ends it."""
    chunks = []
    for prompt in order:
        if not tokens:
            break
        if prompt.request.id not in engine.prefilling:
            if not engine.fits(prompt):
                break
            engine.admit(prompt)
        chunks.append(Chunk(prompt, min(tokens, prompt.left)))
        tokens -= chunks[-1].tokens
    return chunks


def decision_limit(todo: Sequence[Request], hold: int) -> int:
    """Decisions that a rule may take, each of which holds for `hold` fillings: enough for fillings of 128 tokens, and
    six more a request."""
    return sum(ceil(request.prompt / (128 * hold)) + 6 for request in todo)


def played(episode: Generator[dict[str, Any], Any, Outcome], rule: Callable[[dict[str, Any]], Any]) -> Outcome:
    """The outcome of an episode in which a rule of ours decides, in this process."""
    try:
        observation = next(episode)
        while True:
            observation = episode.send(rule(observation))
    except StopIteration as stop:
        outcome: Outcome = stop.value
        return outcome
