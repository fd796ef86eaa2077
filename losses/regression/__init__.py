"""Regression, in the order of the documents."""

from losses.regression._l1_loss import *
from losses.regression._mse_loss import *
from losses.regression._smooth_l1_loss import *
from losses.regression._huber_loss import *
from losses.regression._log_cosh_loss import *
from losses.regression._quantile_loss import *
from losses.regression._expectile_loss import *
from losses.regression._epsilon_insensitive_loss import *
from losses.regression._charbonnier_loss import *
from losses.regression._general_robust_loss import *
