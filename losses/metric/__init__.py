"""Metric learning."""

from losses.metric._contrastive_loss import *
from losses.metric._arcface_loss import *
from losses.metric._cosface_loss import *
