"""What made files of the package, or keeps the repository in order. Not a part of it."""
