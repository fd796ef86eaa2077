"""Language models."""

from losses.language_models._z_loss import *
