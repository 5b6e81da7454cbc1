"""Training: the worker and what only the worker uses. Importing its modules brings TensorFlow."""
