"""Write the rows of RESULTS.md anew from results/*/scores.json: python -m results.table

A row is known by its last cell, the link to its folder. The row of a result that has none yet is printed: put
it into the table where it belongs.
"""

from __future__ import annotations

import re
import sys

from results.records import TABLES, identifiers, row

LINK = re.compile(r"\| \[(?P<identifier>[^\]]+)\]\(results/(?P=identifier)\) \|$", re.MULTILINE)


def main() -> int:
    """Rewrite the table; returns 1 if a result has no row yet."""
    lines = TABLES.read_text(encoding="utf-8").splitlines()
    named = {match["identifier"]: number for number, line in enumerate(lines) if (match := LINK.search(line))}
    for identifier, number in named.items():
        lines[number] = row(identifier)
    TABLES.write_text("\n".join(lines) + "\n", encoding="utf-8")
    missing = [identifier for identifier in identifiers() if identifier not in named]
    for identifier in missing:
        print(row(identifier))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
