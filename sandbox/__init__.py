"""The sandbox: where candidates run, and nothing else does."""
