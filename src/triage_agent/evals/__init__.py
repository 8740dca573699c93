"""Evaluation: how often a backend is right, how sure it may be, and whether B beats A."""
