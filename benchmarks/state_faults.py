"""Saves under faults of the database and of the line: what was tried, acknowledged and found afterwards.

``python -m benchmarks.state_faults`` runs ``tests/integration/postgres/test_faults.py``, which fails where anything
acknowledged is lost, and prints its table; ``--write FILE`` puts it into a page, such as ``docs/postgres.md``.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.page import put
from tests.support import postgres

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.md"
        command = [sys.executable, "-m", "pytest", "-q", "tests/integration/postgres/test_faults.py"]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "AGUI_TEST_FAULT_TABLE": str(table)}, check=True)
        rows = table.read_text(encoding="utf-8")
    backend = postgres.choice().backend
    text = (
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}; server: {backend.name if backend else 'none'}. Eight writers; each "
        f"save is a new state of 4 KB; an operation may take 1.5 s.\n\n{rows}"
    )
    print(f"\n{text}")
    if options.write:
        put(options.write, "state faults", text)


if __name__ == "__main__":
    main()
