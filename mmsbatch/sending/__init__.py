"""Carries a plan out: the only package that can reach the send endpoint."""
