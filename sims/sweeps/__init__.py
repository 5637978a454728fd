"""Sweeps of points: stored one by one, resumed, and spread over processes or machines."""
