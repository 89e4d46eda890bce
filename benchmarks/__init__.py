"""Benchmarks: what a step costs, and how pages hold up on many rows."""
