"""Predicting: photos in, class probabilities out, with onnxruntime and without TensorFlow."""
