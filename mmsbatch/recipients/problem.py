"""What keeps a whole recipients file from being read."""


class SourceProblem(Exception):
    """A file-level problem: a rule id, the line (from 1) and what to say about it. Never holds a cell's content."""

    def __init__(self, rule: str, line: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.line = line
        self.message = message
        self.hint = hint
