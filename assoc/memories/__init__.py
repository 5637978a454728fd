"""Memories of facts: one matrix, or a network with one hidden layer; and how they are decoded."""
