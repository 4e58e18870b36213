"""Documents in, documents out: a file, and the same file with the translations in it."""
