"""The grammar that writes the built-in corpus: `python -m data.phrasebook` makes mt/data/phrasebook anew."""
