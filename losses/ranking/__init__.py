"""Ranking and ordinal."""

from losses.ranking._corn_loss import *
from losses.ranking._coral_loss import *
