"""What is seen of a run, a part of the page each."""
