"""What a model is told: parents, worst instances, failures, examples, parts, a plan and an assignment, within a budget.

`teller.py` gathers them for a run, the other modules hold one piece each, and the wording is in `prompts/`.
"""
