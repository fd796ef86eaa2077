"""Every loss of PyTorch, and a few more, from first principles.

The names, parameters and defaults are those of `torch.nn.functional` (functions) and `torch.nn`
(classes).

Examples:
    >>> import torch
    >>> import losses
    >>> losses.mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(2.)
"""

from losses import catalog
from losses._adaptive_log_softmax_with_loss import (
    AdaptiveLogSoftmaxWithLoss,
    adaptive_log_softmax_with_loss,
)
from losses._batch_all_triplet_loss import BatchAllTripletLoss, batch_all_triplet_loss
from losses._batch_hard_triplet_loss import TripletLoss, batch_hard_triplet_loss
from losses._binary_cross_entropy import BCELoss, binary_cross_entropy
from losses._binary_cross_entropy_with_logits import (
    BCEWithLogitsLoss,
    binary_cross_entropy_with_logits,
)
from losses._cosine_embedding_loss import CosineEmbeddingLoss, cosine_embedding_loss
from losses._cross_entropy import CrossEntropyLoss, cross_entropy
from losses._ctc_loss import CTCLoss, ctc_loss
from losses._focal_loss import FocalLoss, focal_loss
from losses._gaussian_nll_loss import GaussianNLLLoss, gaussian_nll_loss
from losses._hinge_embedding_loss import HingeEmbeddingLoss, hinge_embedding_loss
from losses._huber_loss import HuberLoss, huber_loss
from losses._kl_div import KLDivLoss, kl_div
from losses._l1_loss import L1Loss, l1_loss
from losses._linear_cross_entropy import LinearCrossEntropyLoss, linear_cross_entropy
from losses._log_cosh_loss import LogCoshLoss, log_cosh_loss
from losses._margin_ranking_loss import MarginRankingLoss, margin_ranking_loss
from losses._mse_loss import MSELoss, mse_loss
from losses._multi_margin_loss import MultiMarginLoss, multi_margin_loss
from losses._multilabel_margin_loss import MultiLabelMarginLoss, multilabel_margin_loss
from losses._multilabel_soft_margin_loss import (
    MultiLabelSoftMarginLoss,
    multilabel_soft_margin_loss,
)
from losses._nll_loss import NLLLoss, NLLLoss2d, nll_loss
from losses._poisson_nll_loss import PoissonNLLLoss, poisson_nll_loss
from losses._sigmoid_focal_loss import SigmoidFocalLoss, sigmoid_focal_loss
from losses._smooth_l1_loss import SmoothL1Loss, smooth_l1_loss
from losses._soft_margin_loss import SoftMarginLoss, soft_margin_loss
from losses._triplet_margin_loss import TripletMarginLoss, triplet_margin_loss
from losses._triplet_margin_with_distance_loss import (
    TripletMarginWithDistanceLoss,
    triplet_margin_with_distance_loss,
)
from losses._triplet_semihard_loss import TripletSemihardLoss, triplet_semihard_loss

__all__ = [
    "AdaptiveLogSoftmaxWithLoss",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchAllTripletLoss",
    "CTCLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "FocalLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LinearCrossEntropyLoss",
    "LogCoshLoss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "NLLLoss2d",
    "PoissonNLLLoss",
    "SigmoidFocalLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
    "TripletSemihardLoss",
    "adaptive_log_softmax_with_loss",
    "batch_all_triplet_loss",
    "batch_hard_triplet_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "catalog",
    "cosine_embedding_loss",
    "cross_entropy",
    "ctc_loss",
    "focal_loss",
    "gaussian_nll_loss",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "linear_cross_entropy",
    "log_cosh_loss",
    "margin_ranking_loss",
    "mse_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "poisson_nll_loss",
    "sigmoid_focal_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
    "triplet_semihard_loss",
]
