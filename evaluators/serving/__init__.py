"""Serving of large language models: engines that batch requests iteration by iteration, and clusters of them."""
