"""Margins, ranking and embeddings, in the order of the documents."""

from losses.margin._margin_ranking_loss import *
from losses.margin._multilabel_margin_loss import *
from losses.margin._multilabel_soft_margin_loss import *
from losses.margin._soft_margin_loss import *
from losses.margin._multi_margin_loss import *
from losses.margin._triplet_margin_loss import *
from losses.margin._triplet_margin_with_distance_loss import *
from losses.margin._hinge_embedding_loss import *
from losses.margin._cosine_embedding_loss import *
from losses.margin._hinge_loss import *
from losses.margin._squared_hinge_loss import *
