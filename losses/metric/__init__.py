"""Metric learning."""

from losses.metric._contrastive_loss import *
