"""Focal losses, in the order of the documents."""

from losses.focal._focal_loss import *
from losses.focal._sigmoid_focal_loss import *
from losses.focal._asymmetric_loss import *
