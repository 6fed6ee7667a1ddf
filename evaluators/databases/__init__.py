"""Simulators of databases."""
