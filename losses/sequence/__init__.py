"""Sequences, in the order of the documents."""

from losses.sequence._ctc_loss import *
