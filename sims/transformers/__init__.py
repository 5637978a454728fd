"""What transformers hold: recall over prompts, smallest sizes, attention traded for MLP."""
