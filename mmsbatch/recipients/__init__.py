"""Sources, numbers, suppression: rows become an audience."""
