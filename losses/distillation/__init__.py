"""Distillation."""

from losses.distillation._distillation_loss import *
from losses.distillation._generalized_jsd_loss import *
