"""Pages to review runs by: live from an archive (`evolve review`), or a run in one file (`evolve report`)."""
