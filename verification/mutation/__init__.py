"""Planted defects, and which claim turns red: the measure of what the claims would miss.

operators.py makes mutants of a kernel function by ast; kernel.py of all that flies. judge.py asks the claims
about one of them, cheapest first, in a process that has imported the mutant in place of the kernel.
"""
