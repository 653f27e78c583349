"""Benchmarks: CareHub beside small honest baselines, on servers of their own. `python -m tests.bench --help`."""
