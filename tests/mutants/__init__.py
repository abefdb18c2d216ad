"""Mutants: single changes, made systematically, that the claims must refuse."""
