"""evolve: discover scheduling heuristics; a model proposes, a simulator it cannot touch judges."""

import os

# Before numpy is imported, here and in the evaluator processes, of which there are as many as cores: one thread each.
for _name in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_name}_NUM_THREADS", "1")
