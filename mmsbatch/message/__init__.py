"""Text templates and their measures; media."""
