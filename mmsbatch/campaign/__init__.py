"""YAML with positions, the schemas, the campaign and the configuration."""
