"""Every loss of PyTorch, and those beyond it that people look for, from first principles.

The names, parameters and defaults are those of `torch.nn.functional` (functions) and `torch.nn`
(classes).

Examples:
    >>> import torch
    >>> import losses
    >>> losses.mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(2.)
"""

from inspect import get_annotations as _own_annotations
from typing import get_type_hints as _get_type_hints

from losses import catalog as catalog
from losses.boxes import *
from losses.classification import *
from losses.contrastive import *
from losses.distillation import *
from losses.focal import *
from losses.forecasting import *
from losses.images import *
from losses.language_models import *
from losses.likelihood import *
from losses.margin import *
from losses.metric import *
from losses.mining import *
from losses.ranking import *
from losses.regression import *
from losses.segmentation import *
from losses.sequence import *

# A class is named, printed and pickled as what users import: `losses.HuberLoss`. Its annotations
# are resolved before, where the names in them are known.
for _item in list(vars().values()):
    if isinstance(_item, type):
        _hints = _get_type_hints(_item)
        _item.__annotations__ = {name: _hints[name] for name in _own_annotations(_item)}
        _item.__module__ = __name__
