"""The benchmarks by name; each is a module of its own, in the order of the table."""

from collections.abc import Mapping

from benchmarks import following, planning, resuming, sending, starting, validating
from benchmarks.case import Benchmark

BENCHMARKS: Mapping[str, Benchmark] = {
    "starting": starting.cases,
    "validating": validating.cases,
    "planning": planning.cases,
    "planning-many": planning.many_cases,
    "sending": sending.cases,
    "resuming": resuming.cases,
    "following": following.cases,
}
