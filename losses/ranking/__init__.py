"""Ranking and ordinal."""

from losses.ranking._pairwise_logistic_loss import *
from losses.ranking._list_net_loss import *
from losses.ranking._list_mle_loss import *
from losses.ranking._corn_loss import *
from losses.ranking._coral_loss import *
