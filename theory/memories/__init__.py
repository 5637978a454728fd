"""Predictions, guarantees and hypotheses about memories of facts."""
