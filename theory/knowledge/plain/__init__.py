"""Told knowledge, its training and its questions, computed a second time by other methods."""
