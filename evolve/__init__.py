"""evolve: discover scheduling heuristics; a model proposes, a simulator it cannot touch judges."""
