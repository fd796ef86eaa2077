"""Mined triplets, in the order of the documents."""

from losses.mining._batch_hard_triplet_loss import *
from losses.mining._triplet_semihard_loss import *
from losses.mining._batch_all_triplet_loss import *
