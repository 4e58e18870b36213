"""Sentences with inline codes: translated as one text, the codes put back around what they held.

segment.py     text and codes -> one text and a tree of what the codes hold
units.py       the words of a translation, and the source characters that each was made from
placing.py     which words of the translation belong to which code
markers.py     the same by tags, for models that have markers
assembling.py  the translation with its codes; white space around them
prepared.py    segments -> texts for a model -> segments
"""
