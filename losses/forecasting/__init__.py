"""Forecasting and counts."""
