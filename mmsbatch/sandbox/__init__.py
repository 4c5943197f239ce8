"""An embedded gateway that behaves as the manual says: real HTTP on loopback, credits, faults on request.

It shares no code with the client, so that it can catch the client's mistakes.
"""

from mmsbatch.sandbox.faults import FAULTS, Fault, parse_fault
from mmsbatch.sandbox.options import Delivery, SandboxOptions
from mmsbatch.sandbox.server import Sandbox

__all__ = ["FAULTS", "Delivery", "Fault", "Sandbox", "SandboxOptions", "parse_fault"]
