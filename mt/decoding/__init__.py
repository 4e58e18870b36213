"""Beside the search: ensembles, datastores, constraints, alignments, minimum Bayes risk."""
