"""Strategies, models and switched-off features against each other at equal budgets, and other engines beside them."""
