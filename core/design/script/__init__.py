"""A design as a Keras script that needs nothing of Layerwise."""

from core.design.script.script import script

__all__ = ["script"]
