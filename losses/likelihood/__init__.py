"""Distributions and likelihoods, in the order of the documents."""

from losses.likelihood._poisson_nll_loss import *
from losses.likelihood._gaussian_nll_loss import *
from losses.likelihood._kl_div import *
