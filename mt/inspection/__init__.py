"""One sentence seen from inside a run: how it was read, the vector it became, how that was written out.

    source.py      a text as the encoder gets it
    reading.py     the encoder's states, how far they move, what they depend on
    writing.py     the decoder's steps: what it chose, what else it had in mind, where it looked
    trace.py       the tree of beam search
    plane.py       the plane that states are drawn on; state_sample.py  fitted on the validation pairs
    inspection.py  all of it as one value, as JSON and as arrays; inspector.py  makes one

Shapes as in `model`, and here: S pieces of the source with its eos, H numbers in a state of one direction (or
of the decoder), D in the sentence vector, T pieces of the translation with its eos, K hypotheses.
"""

from mt.inspection.inspector import Inspector
from mt.inspection.result import Inspection

__all__ = ["Inspection", "Inspector"]
