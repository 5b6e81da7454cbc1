"""The words of the trade, each explained in a sentence and a small picture."""
