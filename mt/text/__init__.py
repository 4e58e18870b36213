"""Text before it is cut into pieces: its languages, its placeholders, its sentences."""
