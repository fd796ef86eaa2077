"""Ranking and ordinal."""
