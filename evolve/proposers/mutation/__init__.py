"""How the built-in mutator changes programs: rules by their expression, other programs by their syntax tree."""
