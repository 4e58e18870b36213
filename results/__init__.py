"""Measured results, a folder each, and what makes RESULTS.md from them."""
