"""Weights of few bits, for memories and transformers: their levels, and the bytes they take."""
