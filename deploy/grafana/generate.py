#!/usr/bin/env python3
"""Writes the dashboards under dashboards/ from the file of each beside this one.

    pip install -r requirements.txt
    ./generate.py [--check]      --check writes nothing, and fails when a file is not what it should be
"""

import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

import deliveries
import score_drift
import service_health

FOLDER = Path(__file__).parent / "dashboards"


def main():
    stale = []
    for board in (service_health.BOARD, score_drift.BOARD, deliveries.BOARD):
        file = FOLDER / f"{board.uid}.json"
        text = JSONEncoder(sort_keys=True, indent=2).encode(board) + "\n"
        if "--check" not in sys.argv:
            file.write_text(text)
        elif not file.is_file() or file.read_text() != text:
            stale.append(file.name)
    if stale:
        sys.exit(f"not what generate.py writes: {', '.join(stale)}; run it again")


if __name__ == "__main__":
    main()
