"""Enters the benchmarks: python -m benchmarks step [--bpmn FILE] [--instances N] [--history K] [--json]."""

import argparse
import json
import sys
from pathlib import Path

from benchmarks import step

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run the benchmark that the command line names."""
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument("benchmark", choices=["step"])
    parser.add_argument("--bpmn", type=Path, default=HERE / "case.bpmn")
    parser.add_argument("--instances", type=int, default=5)
    parser.add_argument("--history", type=int, default=200, help="finished tasks that the longest instance gets to")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = step.run(options.bpmn, options.instances, options.history)
    print(json.dumps(result, indent=2) if options.json else step.as_text(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
