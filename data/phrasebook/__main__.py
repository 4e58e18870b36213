"""Write the parts of the built-in corpus as compressed TSV files: `python -m data.phrasebook`."""

from __future__ import annotations

import lzma
from pathlib import Path

from data.phrasebook.grammar import DEFAULT_SEED, parts

FOLDER = Path(__file__).parents[2] / "mt" / "data" / "phrasebook"


def main() -> None:
    """Replace the files."""
    for split, pairs in parts(DEFAULT_SEED).items():
        text = "".join(f"{zh}\t{en}\n" for zh, en in [("zh", "en"), *pairs])
        (FOLDER / f"{split}.tsv.xz").write_bytes(lzma.compress(text.encode(), preset=9))


if __name__ == "__main__":
    main()
