"""The flow, its margins and its stages, computed a second time by other methods."""
