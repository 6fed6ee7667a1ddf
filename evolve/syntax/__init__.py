"""What can be said about a program from its text alone: a normal form, its size, its tunable constants."""

from evolve.syntax.canonical import fingerprint, normalise, shape
from evolve.syntax.literals import Literal, constants, with_constants
from evolve.syntax.tree import size

__all__ = ["Literal", "constants", "fingerprint", "normalise", "shape", "size", "with_constants"]
