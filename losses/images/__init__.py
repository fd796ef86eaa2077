"""Images."""

from losses.images._ssim_loss import *
