"""One-layer transformers in closed form, their heads, and certificates for every prompt."""
