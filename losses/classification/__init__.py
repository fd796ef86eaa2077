"""Classification, in the order of the documents."""

from losses.classification._binary_cross_entropy import *
from losses.classification._binary_cross_entropy_with_logits import *
from losses.classification._cross_entropy import *
from losses.classification._nll_loss import *
from losses.classification._linear_cross_entropy import *
from losses.classification._adaptive_log_softmax_with_loss import *
