"""Segmentation."""

from losses.segmentation._lovasz_softmax_loss import *
from losses.segmentation._lovasz_hinge_loss import *
