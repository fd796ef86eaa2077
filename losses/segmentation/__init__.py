"""Segmentation."""

from losses.segmentation._lovasz_hinge_loss import *
