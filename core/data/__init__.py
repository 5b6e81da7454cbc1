"""Images in: the built-in sketches, imports, the decode cache, splits."""
