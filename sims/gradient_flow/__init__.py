"""Gradient flow and descent on linear attention, integrated by SciPy's solvers."""
