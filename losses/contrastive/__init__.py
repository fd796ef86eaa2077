"""Contrastive and self-supervised."""
