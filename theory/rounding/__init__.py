"""What is certified in floating point, held against exact arithmetic."""
