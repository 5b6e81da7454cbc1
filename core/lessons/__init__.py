"""Guided lessons: a training that goes wrong, why, and the one that goes right."""
