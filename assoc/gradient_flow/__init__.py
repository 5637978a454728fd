"""The linear-attention models of the theorems on training, and the limits of their weights."""
