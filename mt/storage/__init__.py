"""Files that are replaced as a whole, standard output, and tensors with a checksum."""
