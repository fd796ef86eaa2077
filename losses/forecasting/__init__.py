"""Forecasting and counts."""

from losses.forecasting._crps_normal_loss import *
from losses.forecasting._crps_ensemble_loss import *
