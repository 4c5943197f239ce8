"""`python -m benchmarks [NAME…] [--rows N] [--page]`: run all benchmarks, or those named.

Ends with exit code 1 where something is over its budget. `--page` puts the table into docs/performance.md.
"""

import argparse
import json
import platform
import sys
from collections.abc import Sequence

from benchmarks.measure import Measured, measure
from benchmarks.registry import BENCHMARKS
from benchmarks.report import table, to_json
from benchmarks.workplace import KEPT, MILLION, ROOT, open_workplace

PAGE = ROOT / "docs" / "performance.md"
_BEGIN, _END = "<!-- measured: -->\n", "<!-- :measured -->"


def main(arguments: Sequence[str]) -> int:
    """Run, print and keep; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--page", action="store_true", help="put the table into docs/performance.md")
    parser.add_argument("--rows", type=int, help="how many are many, to look at a benchmark; default: a million")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - BENCHMARKS.keys():
        parser.error(f"there is no benchmark named {', '.join(sorted(unknown))}")
    if asked.page and asked.rows:
        parser.error("the page tells of a million rows: --page without --rows")
    rows = asked.rows or MILLION
    results = [result for name in asked.names or BENCHMARKS for result in run_benchmark(name, rows)]
    print(table(results))
    keep(results)
    if asked.page:
        write_page(results)
    return 0 if all(result.is_within for result in results) else 1


def run_benchmark(name: str, rows: int) -> list[Measured]:
    """Run one benchmark's cases, saying which is under way."""
    results = []
    with open_workplace(rows) as place:
        for case in BENCHMARKS[name](place):
            print(f"{name}: {case.work}, {case.runs} runs …", file=sys.stderr, flush=True)
            results.append(measure(case))
    return results


def keep(results: Sequence[Measured]) -> None:
    """Write the results as JSON into the git-ignored folder."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "results": to_json(results)}
    KEPT.mkdir(exist_ok=True)
    (KEPT / "latest.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def write_page(results: Sequence[Measured]) -> None:
    """Put the table between the page's marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    PAGE.write_text(f"{before}{_BEGIN}{table(results)}\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
