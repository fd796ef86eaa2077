"""Segmentation."""

from losses.segmentation._dice_loss import *
from losses.segmentation._jaccard_loss import *
from losses.segmentation._tversky_loss import *
from losses.segmentation._lovasz_softmax_loss import *
from losses.segmentation._lovasz_hinge_loss import *
