"""Contrastive and self-supervised."""

from losses.contrastive._info_nce_loss import *
from losses.contrastive._nt_xent_loss import *
from losses.contrastive._supervised_contrastive_loss import *
