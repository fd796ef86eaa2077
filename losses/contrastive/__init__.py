"""Contrastive and self-supervised."""

from losses.contrastive._info_nce_loss import *
from losses.contrastive._nt_xent_loss import *
from losses.contrastive._supervised_contrastive_loss import *
from losses.contrastive._clip_loss import *
from losses.contrastive._siglip_loss import *
from losses.contrastive._vicreg_loss import *
from losses.contrastive._barlow_twins_loss import *
