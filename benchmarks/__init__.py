"""Measurements that docs/benchmarks.md reports; run them all with ``make bench``."""
