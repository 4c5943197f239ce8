"""One small module per command: flags in, exit code out; the only place that prints or exits."""
