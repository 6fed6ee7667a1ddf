"""Continuum: how long an agent's KV cache is held while its tool runs, who is admitted next, whose cache is let go."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from evaluators.drawing import Drawing
from evaluators.protocol import Evaluator, Instance, Labels, Outcome, Reference
from evaluators.serving import agents, drawing
from evaluators.serving.agent_serving import CHUNK, Case, Observation, Serving, total_cost
from evaluators.serving.agents import TOOLS
from evaluators.serving.costs import costs
from evaluators.serving.deciding import played


class AgentKvTtl(Evaluator):
    """One engine serves programs of many turns; a candidate answers one of three questions, `ask`: "ttl" when a turn
    ends with a call of a tool, "order" when something that waits can be admitted, "unpin" when held memory must go.

    Cost: 0.9 of the mean time in s from a program's arrival to its end, and 0.1 of the mean over the slowest 5 %.
    """

    headline = ("jct_mean", "jct_p95")
    measure = "cost, s"
    scale = "cost above that of a constant TTL, %"

    def instances(
        self,
        split: str,
        *,
        rates: Sequence[float],
        repeats: int,
        programs: int,
        capacity: int,
        model: str = "llama-3-8b",
        gpu: str = "a100",
        parallel: int = 1,
        cv: float = 1.0,
        append: tuple[float, float] = (500, 1.2),
        slow: float = 1.0,
    ) -> list[Instance]:
        """`repeats` instances of `programs` programs at each rate (a second); `capacity` of the KV cache in tokens.

        model, gpu, parallel: as in `costs.costs`; cv, append, slow: as in `agents.programs`.
        """
        made = []
        for rate in rates:
            for k in range(repeats):
                key = f"agents|{split}|{rate:g} a second|{k}"
                drawn = agents.programs(key, rate, programs, cv, append, slow, capacity // 2)
                made.append(Instance(key, f"{rate:g} programs/s", Case(drawn, costs(model, gpu, parallel), capacity)))
        return made

    def reference(self, instance: Instance) -> Reference:
        """What `constant_ttl` achieves; the bound is every program alone on the engine, nothing computed twice."""
        case: Case = instance.data
        alone = [program.alone(case.costs, CHUNK) / 1000 for program in case.programs]
        return Reference(constant_ttl(instance).cost, "baseline", round(total_cost(alone), 9) - 1e-9)

    def episode(self, instance: Instance, labels: Labels) -> Generator[Observation, Any, Outcome]:
        """Serve all programs to their end."""
        return Serving(instance.data, labels.permutation("tool", len(TOOLS))).run()

    def draw(self, instance: Instance, outcome: Outcome) -> Drawing:
        """What each program does over time: waits, is served, calls a tool with its cache held or not."""
        return drawing.programs(outcome.trace(), [len(program.turns) for program in instance.data.programs])


def constant_ttl(instance: Instance, seconds: float = 10.0) -> Outcome:
    """The reference: what is held for a fixed time; pinned programs first, then by the program's arrival."""
    case: Case = instance.data

    def decide(obs: Observation) -> Any:
        if obs["ask"] == "ttl":
            return seconds
        if obs["ask"] == "unpin":
            return min(range(len(obs["pinned"])), key=lambda i: obs["pinned"][i]["age"])
        rows = obs["waiting"]
        return sorted(range(len(rows)), key=lambda i: (not rows[i]["pinned"], -rows[i]["age"]))

    return played(Serving(case, list(range(len(TOOLS)))).run(), decide)
