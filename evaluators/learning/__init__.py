"""Simulators of machine learning: training runs and causal discovery."""
