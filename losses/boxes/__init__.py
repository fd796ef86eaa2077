"""Boxes."""

from losses.boxes._box_iou_loss import *
from losses.boxes._generalized_box_iou_loss import *
from losses.boxes._distance_box_iou_loss import *
from losses.boxes._complete_box_iou_loss import *
