"""Tests; a package so that ``tests.oracles`` means this one and no other."""
