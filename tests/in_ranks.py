"""Under torchrun: commands of mt, one after the other, as a JSON list of their arguments."""

from __future__ import annotations

import json
import sys

from mt import cli

if __name__ == "__main__":
    for arguments in json.loads(sys.argv[1]):
        if code := cli.main(arguments):
            sys.exit(code)
