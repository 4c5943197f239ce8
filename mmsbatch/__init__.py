"""mmsbatch sends MMS campaigns kept as YAML files in git, each recipient at most once."""

__version__ = "0.1.0"
