"""Metric learning."""
