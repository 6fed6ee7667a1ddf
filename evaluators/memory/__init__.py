"""Where data lies: memories of different speed and size."""
