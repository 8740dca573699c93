"""Benchmarks that anyone can run: `python -m benchmarks.throughput`, `.memory`, `.embedded`."""
