"""The benchmarks by name; each is a module of its own, in the order of the table."""

from collections.abc import Mapping

from benchmarks import planning, starting, validating
from benchmarks.case import Benchmark

BENCHMARKS: Mapping[str, Benchmark] = {
    "starting": starting.cases,
    "validating": validating.cases,
    "planning": planning.cases,
    "planning-many": planning.many_cases,
}
