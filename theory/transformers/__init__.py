"""Predictions and hypotheses about one-layer transformers."""
