"""Bits of weights and of fact tables, computed a second time by other methods."""
