"""Contrastive and self-supervised."""

from losses.contrastive._clip_loss import *
