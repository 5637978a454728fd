"""Heads, certificates and the law of plain sums, computed a second time by other methods."""
