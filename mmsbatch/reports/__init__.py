"""Diagnostics, plans and manifests as text and JSON."""
