"""Ranking and ordinal."""

from losses.ranking._pairwise_logistic_loss import *
