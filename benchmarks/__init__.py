"""How fast the native kernel is beside other ways to compute the same law: `python -m benchmarks`."""
