"""Enters the benchmarks: python -m benchmarks step|pages|conformance [--json], see --help."""

import argparse
import json
import sys
from pathlib import Path

from benchmarks import conformance, pages, step

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run the benchmark that the command line names."""
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument("benchmark", choices=["step", "pages", "conformance"])
    parser.add_argument("--bpmn", type=Path, default=HERE / "case.bpmn")
    parser.add_argument("--instances", type=int, default=5)
    parser.add_argument("--history", type=int, default=200, help="finished tasks that the longest instance gets to")
    parser.add_argument("--cases", type=int, default=100_000, help="how many cases the database holds")
    parser.add_argument("--keep", type=Path, help="pages: fill a database in this folder once, and use it again")
    parser.add_argument("--only", default="", help="pages: only those whose name contains this")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.benchmark == "conformance":
        result, as_text = conformance.run(options.cases, options.keep), conformance.as_text
    elif options.benchmark == "pages":
        result, as_text = pages.run(options.cases, options.keep, options.only), pages.as_text
    else:
        result, as_text = step.run(options.bpmn, options.instances, options.history), step.as_text
    print(json.dumps(result, indent=2, ensure_ascii=False) if options.json else as_text(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
