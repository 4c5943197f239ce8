"""The formats that `plan` writes: each a function of the same plan."""

from collections.abc import Callable, Mapping

from mmsbatch.planning.plan import Plan
from mmsbatch.reports.plan_markdown import plan_markdown
from mmsbatch.reports.plans import plan_json, plan_text

FORMATS: Mapping[str, Callable[[Plan], str]] = {"text": plan_text, "json": plan_json, "markdown": plan_markdown}
