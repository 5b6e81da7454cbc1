"""The rules by which a training's faults are named.

A rule takes a case and gives a Diagnosis without remedies, or None. Thresholds were chosen on one
half of the battery in benchmarks/health.py and are reported on the other, see docs/benchmarks.md.
"""
