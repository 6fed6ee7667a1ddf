"""Knapsacks: what to put into a limited capacity, known or uncertain."""
