"""The grammar that writes the built-in corpus: `python -m tools.phrasebook` makes mt/data/phrasebook anew."""
