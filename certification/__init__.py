"""The evidence: requirements, claims, tests, campaigns and code tied together, packed and audited."""
