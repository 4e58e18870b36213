"""Corpora on this machine, and the grammar that wrote the built-in one."""
