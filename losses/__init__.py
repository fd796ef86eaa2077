"""Every loss of PyTorch, and a few more, from first principles.

The names, parameters and defaults are those of `torch.nn.functional` (functions) and `torch.nn`
(classes).

Examples:
    >>> import torch
    >>> import losses
    >>> losses.mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(2.)
"""

from losses import catalog as catalog
from losses.classification import *
from losses.focal import *
from losses.likelihood import *
from losses.margin import *
from losses.mining import *
from losses.regression import *
from losses.sequence import *

# A class is named, printed and pickled as what users import: `losses.HuberLoss`.
for _item in list(vars().values()):
    if isinstance(_item, type):
        _item.__module__ = __name__
