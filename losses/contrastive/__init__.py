"""Contrastive and self-supervised."""

from losses.contrastive._clip_loss import *
from losses.contrastive._siglip_loss import *
from losses.contrastive._vicreg_loss import *
from losses.contrastive._barlow_twins_loss import *
