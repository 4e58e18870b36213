"""The built-in corpus: Chinese-English pairs written by a grammar."""
