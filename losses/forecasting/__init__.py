"""Forecasting and counts."""

from losses.forecasting._crps_normal_loss import *
from losses.forecasting._crps_ensemble_loss import *
from losses.forecasting._negative_binomial_nll_loss import *
from losses.forecasting._zero_inflated_negative_binomial_nll_loss import *
from losses.forecasting._tweedie_loss import *
