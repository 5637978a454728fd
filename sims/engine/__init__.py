"""What every measurement rests on: randomness, kernels, intervals, searches, records of results."""
