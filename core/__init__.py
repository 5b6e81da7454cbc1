"""Layerwise's library: images in, a design, a training run, predictions out. Knows nothing of Streamlit."""
