"""Designs: presets, shapes and cost in pure Python, and the Keras model made from a spec."""
