"""Segmentation."""

from losses.segmentation._dice_loss import *
