"""Memories, their laws and bounds, computed a second time by other methods."""
