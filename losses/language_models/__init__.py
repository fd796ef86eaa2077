"""Language models."""

from losses.language_models._z_loss import *
from losses.language_models._dpo_loss import *
from losses.language_models._kto_loss import *
from losses.language_models._simpo_loss import *
from losses.language_models._orpo_loss import *
from losses.language_models._grpo_loss import *
