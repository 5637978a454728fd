"""Tests; a package so that ``tests.helpers.oracles`` means this one and no other."""
