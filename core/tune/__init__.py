"""Find better settings by trying them side by side: groups of ordinary runs."""
