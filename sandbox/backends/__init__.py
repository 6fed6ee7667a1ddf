"""Ways to start a sandbox, one file each, found by name."""
