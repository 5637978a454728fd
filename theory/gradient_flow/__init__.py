"""Stage times, rates and limits of gradient flow on linear attention, with their proofs."""
