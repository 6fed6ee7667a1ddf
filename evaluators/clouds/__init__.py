"""Clouds: spot and on-demand machines under a deadline, their traces and clairvoyant optima."""
