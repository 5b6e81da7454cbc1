"""What the Transfer page is made of."""
