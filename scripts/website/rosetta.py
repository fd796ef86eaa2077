"""The same loss in five libraries: what the guide shows as tables, and tests evaluate.

Every call is an expression over the NumPy arrays (for PyTorch: tensors) that its kind names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from losses.catalog import CATALOG
from scripts.website.language import gettext, named
from scripts.website.narrow import WIDTH, narrow

# With their documentation; a table that scrolls needs a link, for those without a mouse.
LIBRARIES = {
    "PyTorch": "https://docs.pytorch.org/docs/stable/nn.functional.html",
    "Keras": "https://keras.io/api/losses/",
    "Optax": "https://optax.readthedocs.io/en/latest/api/losses.html",
    "scikit-learn": "https://scikit-learn.org/stable/api/sklearn.metrics.html",
    "NumPy": "https://numpy.org/doc/stable/",
}

ELEMENT, ROW, NUMBER = "one loss per element", "one loss per row", "one number"

KINDS = {
    "numbers": "`x` predictions (N, D), `y` values (N, D)",
    "counts": "`x` rates above 0 (N, D), `y` counts (N, D)",
    "probabilities": "`x` probabilities (N), `y` 0.0 or 1.0 (N)",
    "labels": "`x` logits (N, D), `y` 0.0 or 1.0 (N, D)",
    "signs": "`x` scores (N), `y` −1.0 or 1.0 (N)",
    "classes": "`x` logits (N, C), `y` class indices (N)",
    "log-probabilities": "`x` log-probabilities (N, C), `y` class indices (N)",
    "distributions": "`x` logits (N, C), `y` probabilities (N, C)",
    "log-distributions": "`x` log-probabilities (N, C), `y` probabilities (N, C)",
    "pairs": "`x` and `y` embeddings (N, D), each pair similar",
    "triplets": "`a` anchors, `p` positives, `n` negatives, all (N, D)",
    "sequences": "`x` log-probabilities (N, T, C), `y` labels (N, S), all of full length, blank 0",
}


@dataclass(frozen=True)
class Word:
    """How a library says it.

    Attributes:
        call: Gives the same number as PyTorch's first call.
        signature: Of the function in the call: its arguments in order, with their defaults.
        returns: What that function gives by itself.
        module: The same through the library's class.
    """

    call: str
    signature: str = ""
    returns: str = ""
    module: str = ""


@dataclass(frozen=True)
class Entry:
    """A loss, in the libraries that have it."""

    loss: str
    kind: str
    words: dict[str, Word]
    note: str = ""


def torch_word(call: str, signature: str) -> Word:
    return Word(call, f"F.{signature}", NUMBER)


SIGMOID = "1 / (1 + np.exp(-x))"
SOFTMAX = "np.exp(x) / np.exp(x).sum(1, keepdims=True)"
LOG_LOSS = (
    "sklearn.metrics.log_loss(y_true, y_proba=None, *, normalize=True, sample_weight=None, "
    "labels=None, y_pred='deprecated')"
)
KERAS_BINARY = (
    "keras.losses.binary_crossentropy(y_true, y_pred, from_logits=False, "
    "label_smoothing=0.0, axis=-1)"
)
KERAS_SPARSE = (
    "keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, "
    "ignore_class=None, axis=-1)"
)
KERAS_CATEGORICAL = KERAS_BINARY.replace("binary", "categorical")
OPTAX_BINARY = "optax.sigmoid_binary_cross_entropy(logits, labels)"
OPTAX_CLASSES = (
    "optax.softmax_cross_entropy_with_integer_labels(logits, labels, axis=-1, where=None)"
)
OPTAX_DISTRIBUTIONS = "optax.softmax_cross_entropy(logits, labels, axis=-1, where=None)"
TORCH_CROSS_ENTROPY = (
    "cross_entropy(input, target, weight=None, size_average=None, ignore_index=-100, "
    "reduce=None, reduction='mean', label_smoothing=0.0)"
)

ROSETTA = (
    Entry(
        "mse_loss",
        "numbers",
        {
            "PyTorch": torch_word(
                "F.mse_loss(x, y)",
                "mse_loss(input, target, size_average=None, reduce=None, reduction='mean', "
                "weight=None)",
            ),
            "Keras": Word(
                "keras.losses.mean_squared_error(y, x).mean()",
                "keras.losses.mean_squared_error(y_true, y_pred)",
                ROW,
                "keras.losses.MeanSquaredError()(y, x)",
            ),
            "Optax": Word(
                "optax.squared_error(x, y).mean()",
                "optax.squared_error(predictions, targets=None)",
                ELEMENT,
            ),
            "scikit-learn": Word(
                "sklearn.metrics.mean_squared_error(y, x)",
                "sklearn.metrics.mean_squared_error(y_true, y_pred, *, sample_weight=None, "
                "multioutput='uniform_average')",
                NUMBER,
            ),
            "NumPy": Word("((x - y) ** 2).mean()"),
        },
        "Optax's `l2_loss` is half of it.",
    ),
    Entry(
        "l1_loss",
        "numbers",
        {
            "PyTorch": torch_word(
                "F.l1_loss(x, y)",
                "l1_loss(input, target, size_average=None, reduce=None, reduction='mean', "
                "weight=None)",
            ),
            "Keras": Word(
                "keras.losses.mean_absolute_error(y, x).mean()",
                "keras.losses.mean_absolute_error(y_true, y_pred)",
                ROW,
                "keras.losses.MeanAbsoluteError()(y, x)",
            ),
            "scikit-learn": Word(
                "sklearn.metrics.mean_absolute_error(y, x)",
                "sklearn.metrics.mean_absolute_error(y_true, y_pred, *, sample_weight=None, "
                "multioutput='uniform_average')",
                NUMBER,
            ),
            "NumPy": Word("abs(x - y).mean()"),
        },
    ),
    Entry(
        "huber_loss",
        "numbers",
        {
            "PyTorch": torch_word(
                "F.huber_loss(x, y, delta=2.0)",
                "huber_loss(input, target, reduction='mean', delta=1.0, weight=None)",
            ),
            "Keras": Word(
                "keras.losses.huber(y, x, delta=2.0).mean()",
                "keras.losses.huber(y_true, y_pred, delta=1.0)",
                ROW,
                "keras.losses.Huber(delta=2.0)(y, x)",
            ),
            "Optax": Word(
                "optax.huber_loss(x, y, delta=2.0).mean()",
                "optax.huber_loss(predictions, targets=None, *, delta=1.0)",
                ELEMENT,
            ),
            "NumPy": Word(
                "np.where(abs(x - y) < 2, (x - y) ** 2 / 2, 2 * (abs(x - y) - 1)).mean()"
            ),
        },
    ),
    Entry(
        "smooth_l1_loss",
        "numbers",
        {
            "PyTorch": torch_word(
                "F.smooth_l1_loss(x, y, beta=2.0)",
                "smooth_l1_loss(input, target, size_average=None, reduce=None, "
                "reduction='mean', beta=1.0)",
            ),
            "Keras": Word(
                "keras.losses.huber(y, x, delta=2.0).mean() / 2.0",
                "keras.losses.huber(y_true, y_pred, delta=1.0)",
                ROW,
                "keras.losses.Huber(delta=2.0)(y, x) / 2.0",
            ),
            "Optax": Word(
                "optax.huber_loss(x, y, delta=2.0).mean() / 2.0",
                "optax.huber_loss(predictions, targets=None, *, delta=1.0)",
                ELEMENT,
            ),
            "NumPy": Word("np.where(abs(x - y) < 2, (x - y) ** 2 / 4, abs(x - y) - 1).mean()"),
        },
        "Elsewhere it is Huber's loss divided by its threshold.",
    ),
    Entry(
        "log_cosh_loss",
        "numbers",
        {
            "PyTorch": Word(
                "losses.log_cosh_loss(x, y)",
                "losses.log_cosh_loss(input, target, reduction='mean')",
                NUMBER,
            ),
            "Keras": Word(
                "keras.losses.log_cosh(y, x).mean()",
                "keras.losses.log_cosh(y_true, y_pred)",
                ROW,
                "keras.losses.LogCosh()(y, x)",
            ),
            "Optax": Word(
                "optax.log_cosh(x, y).mean()",
                "optax.log_cosh(predictions, targets=None)",
                ELEMENT,
            ),
            "NumPy": Word("(np.logaddexp(x - y, y - x) - np.log(2)).mean()"),
        },
        "PyTorch has none; the call is this reference's.",
    ),
    Entry(
        "poisson_nll_loss",
        "counts",
        {
            "PyTorch": torch_word(
                "F.poisson_nll_loss(x, y, log_input=False)",
                "poisson_nll_loss(input, target, log_input=True, full=False, size_average=None, "
                "eps=1e-08, reduce=None, reduction='mean')",
            ),
            "Keras": Word(
                "keras.losses.poisson(y, x).mean()",
                "keras.losses.poisson(y_true, y_pred)",
                ROW,
                "keras.losses.Poisson()(y, x)",
            ),
            "scikit-learn": Word(
                "sklearn.metrics.mean_poisson_deviance(y.ravel(), x.ravel()) / 2"
                " + (y - scipy.special.xlogy(y, y)).mean()",
                "sklearn.metrics.mean_poisson_deviance(y_true, y_pred, *, sample_weight=None)",
                NUMBER,
            ),
            "NumPy": Word("(x - y * np.log(x)).mean()"),
        },
        "PyTorch expects the logarithm of the rate unless told otherwise, the others the rate. "
        "scikit-learn's deviance is twice the excess over the lowest possible loss.",
    ),
    Entry(
        "binary_cross_entropy",
        "probabilities",
        {
            "PyTorch": torch_word(
                "F.binary_cross_entropy(x, y)",
                "binary_cross_entropy(input, target, weight=None, size_average=None, "
                "reduce=None, reduction='mean')",
            ),
            "Keras": Word(
                "keras.losses.binary_crossentropy(y, x)",
                KERAS_BINARY,
                ROW,
                "keras.losses.BinaryCrossentropy()(y, x)",
            ),
            "scikit-learn": Word("sklearn.metrics.log_loss(y, x)", LOG_LOSS, NUMBER),
            "NumPy": Word("-(y * np.log(x) + (1 - y) * np.log(1 - x)).mean()"),
        },
        "They differ at probabilities of 0 and 1, which each library avoids in its own way.",
    ),
    Entry(
        "binary_cross_entropy_with_logits",
        "labels",
        {
            "PyTorch": torch_word(
                "F.binary_cross_entropy_with_logits(x, y)",
                "binary_cross_entropy_with_logits(input, target, weight=None, "
                "size_average=None, reduce=None, reduction='mean', pos_weight=None)",
            ),
            "Keras": Word(
                "keras.losses.binary_crossentropy(y, x, from_logits=True).mean()",
                KERAS_BINARY,
                ROW,
                "keras.losses.BinaryCrossentropy(from_logits=True)(y, x)",
            ),
            "Optax": Word("optax.sigmoid_binary_cross_entropy(x, y).mean()", OPTAX_BINARY, ELEMENT),
            "scikit-learn": Word(
                f"sklearn.metrics.log_loss(y.ravel(), ({SIGMOID}).ravel())", LOG_LOSS, NUMBER
            ),
            "NumPy": Word("(np.logaddexp(0, x) - x * y).mean()"),
        },
        "Keras expects probabilities unless told otherwise.",
    ),
    Entry(
        "soft_margin_loss",
        "signs",
        {
            "PyTorch": torch_word(
                "F.soft_margin_loss(x, y)",
                "soft_margin_loss(input, target, size_average=None, reduce=None, reduction='mean')",
            ),
            "Keras": Word(
                "keras.losses.binary_crossentropy((y + 1) / 2, x, from_logits=True)",
                KERAS_BINARY,
                ROW,
                "keras.losses.BinaryCrossentropy(from_logits=True)((y + 1) / 2, x)",
            ),
            "Optax": Word(
                "optax.sigmoid_binary_cross_entropy(x, (y + 1) / 2).mean()", OPTAX_BINARY, ELEMENT
            ),
            "scikit-learn": Word(f"sklearn.metrics.log_loss(y, {SIGMOID})", LOG_LOSS, NUMBER),
            "NumPy": Word("np.logaddexp(0, -y * x).mean()"),
        },
        "Elsewhere it is binary cross entropy, with labels turned from −1 and 1 to 0 and 1.",
    ),
    Entry(
        "cross_entropy",
        "classes",
        {
            "PyTorch": torch_word("F.cross_entropy(x, y)", TORCH_CROSS_ENTROPY),
            "Keras": Word(
                "keras.losses.sparse_categorical_crossentropy(y, x, from_logits=True).mean()",
                KERAS_SPARSE,
                ROW,
                "keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, x)",
            ),
            "Optax": Word(
                "optax.softmax_cross_entropy_with_integer_labels(x, y).mean()", OPTAX_CLASSES, ROW
            ),
            "scikit-learn": Word(
                f"sklearn.metrics.log_loss(y, {SOFTMAX}, labels=range(x.shape[1]))",
                LOG_LOSS,
                NUMBER,
            ),
            "NumPy": Word(
                "(np.log(np.exp(x).sum(1)) - np.take_along_axis(x, y[:, None], 1)[:, 0]).mean()"
            ),
        },
        "Keras expects probabilities unless told otherwise. PyTorch's classes are the second "
        "dimension, those of Keras and Optax the last.",
    ),
    Entry(
        "cross_entropy",
        "distributions",
        {
            "PyTorch": torch_word(
                "F.cross_entropy(x, y, label_smoothing=0.1)", TORCH_CROSS_ENTROPY
            ),
            "Keras": Word(
                "keras.losses.categorical_crossentropy("
                "y, x, from_logits=True, label_smoothing=0.1).mean()",
                KERAS_CATEGORICAL,
                ROW,
                "keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)(y, x)",
            ),
            "Optax": Word(
                "optax.softmax_cross_entropy(x, optax.smooth_labels(y, 0.1)).mean()",
                OPTAX_DISTRIBUTIONS,
                ROW,
            ),
            "NumPy": Word(
                "(np.log(np.exp(x).sum(1)) - (x * (0.9 * y + 0.1 / x.shape[1])).sum(1)).mean()"
            ),
        },
        "PyTorch tells probabilities from indices by their type, Keras and Optax by the function.",
    ),
    Entry(
        "nll_loss",
        "log-probabilities",
        {
            "PyTorch": torch_word(
                "F.nll_loss(x, y)",
                "nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, "
                "reduce=None, reduction='mean')",
            ),
            "Keras": Word(
                "keras.losses.sparse_categorical_crossentropy(y, np.exp(x)).mean()",
                KERAS_SPARSE,
                ROW,
                "keras.losses.SparseCategoricalCrossentropy()(y, np.exp(x))",
            ),
            "Optax": Word(
                "optax.softmax_cross_entropy_with_integer_labels(x, y).mean()", OPTAX_CLASSES, ROW
            ),
            "scikit-learn": Word(
                "sklearn.metrics.log_loss(y, np.exp(x), labels=range(x.shape[1]))",
                LOG_LOSS,
                NUMBER,
            ),
            "NumPy": Word("-np.take_along_axis(x, y[:, None], 1).mean()"),
        },
        "Log-probabilities are logits too: a second log-softmax changes nothing.",
    ),
    Entry(
        "kl_div",
        "log-distributions",
        {
            "PyTorch": torch_word(
                "F.kl_div(x, y, reduction='batchmean')",
                "kl_div(input, target, size_average=None, reduce=None, reduction='mean', "
                "log_target=False)",
            ),
            "Keras": Word(
                "keras.losses.kl_divergence(y, np.exp(x)).mean()",
                "keras.losses.kl_divergence(y_true, y_pred)",
                ROW,
                "keras.losses.KLDivergence()(y, np.exp(x))",
            ),
            "Optax": Word(
                "optax.kl_divergence(x, y).mean()",
                "optax.kl_divergence(log_predictions, targets, axis=-1, where=None)",
                ROW,
            ),
            "NumPy": Word("(y * (np.log(y) - x)).sum(1).mean()"),
        },
        "PyTorch's default, `'mean'`, divides by C once more. Keras takes probabilities.",
    ),
    Entry(
        "cosine_embedding_loss",
        "pairs",
        {
            "PyTorch": torch_word(
                "F.cosine_embedding_loss(x, y, torch.ones(len(x)))",
                "cosine_embedding_loss(input1, input2, target, margin=0, size_average=None, "
                "reduce=None, reduction='mean')",
            ),
            "Keras": Word(
                "1 + keras.losses.cosine_similarity(y, x).mean()",
                "keras.losses.cosine_similarity(y_true, y_pred, axis=-1)",
                ROW,
                "1 + keras.losses.CosineSimilarity()(y, x)",
            ),
            "Optax": Word(
                "optax.cosine_distance(x, y).mean()",
                "optax.cosine_distance(predictions, targets, *, epsilon=0.0, axis=-1, where=None)",
                ROW,
            ),
            "scikit-learn": Word(
                "sklearn.metrics.pairwise.paired_cosine_distances(x, y).mean()",
                "sklearn.metrics.pairwise.paired_cosine_distances(X, Y)",
                ROW,
            ),
            "NumPy": Word(
                "(1 - (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1))"
                ".mean()"
            ),
        },
        "Keras returns the negative of the cosine. Only PyTorch pushes dissimilar pairs apart.",
    ),
    Entry(
        "triplet_margin_loss",
        "triplets",
        {
            "PyTorch": torch_word(
                "F.triplet_margin_loss(a, p, n)",
                "triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2, eps=1e-06, "
                "swap=False, size_average=None, reduce=None, reduction='mean')",
            ),
            "Optax": Word(
                "optax.losses.triplet_margin_loss(a, p, n).mean()",
                "optax.losses.triplet_margin_loss(anchors, positives, negatives, axis=-1, "
                "norm_degree=2, margin=1.0, eps=1e-06)",
                ROW,
            ),
            "NumPy": Word(
                "np.maximum(0, np.linalg.norm(a - p, axis=1) - np.linalg.norm(a - n, axis=1) + 1)"
                ".mean()"
            ),
        },
    ),
    Entry(
        "sigmoid_focal_loss",
        "labels",
        {
            "PyTorch": Word(
                "losses.sigmoid_focal_loss(x, y, reduction='mean')",
                "losses.sigmoid_focal_loss(inputs, targets, alpha=0.25, gamma=2, reduction='none')",
                NUMBER,
            ),
            "Keras": Word(
                "keras.losses.binary_focal_crossentropy("
                "y, x, apply_class_balancing=True, from_logits=True).mean()",
                "keras.losses.binary_focal_crossentropy(y_true, y_pred, "
                "apply_class_balancing=False, alpha=0.25, gamma=2.0, from_logits=False, "
                "label_smoothing=0.0, axis=-1)",
                ROW,
                "keras.losses.BinaryFocalCrossentropy("
                "apply_class_balancing=True, from_logits=True)(y, x)",
            ),
            "Optax": Word(
                "optax.sigmoid_focal_loss(x, y, alpha=0.25).mean()",
                "optax.sigmoid_focal_loss(logits, labels, *, alpha=None, gamma=2.0)",
                ELEMENT,
            ),
            "NumPy": Word(
                "(np.where(y == 1, 0.25, 0.75)"
                " * (1 / (1 + np.exp((2 * y - 1) * x))) ** 2"
                " * np.logaddexp(0, -(2 * y - 1) * x)).mean()"
            ),
        },
        "PyTorch has none; the call is this reference's, and torchvision's. `alpha` is 0.25 there, "
        "switched off in Keras, and none in Optax.",
    ),
    Entry(
        "ctc_loss",
        "sequences",
        {
            "PyTorch": torch_word(
                "F.ctc_loss(x.transpose(0, 1), y, [x.shape[1]] * len(x), [y.shape[1]] * len(x), "
                "reduction='sum')",
                "ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, "
                "reduction='mean', zero_infinity=False)",
            ),
            "Keras": Word(
                "keras.losses.ctc(y, x).sum()",
                "keras.losses.ctc(y_true, y_pred)",
                ROW,
                "keras.losses.CTC(reduction='sum')(y, x)",
            ),
            "Optax": Word(
                "optax.ctc_loss(x, np.zeros(x.shape[:2]), y, np.zeros(y.shape)).sum()",
                "optax.ctc_loss(logits, logit_paddings, labels, label_paddings, *, blank_id=0, "
                "log_epsilon=-100000.0)",
                ROW,
            ),
        },
        "PyTorch wants time first, and lengths. Keras and Optax want the batch first. Optax takes "
        "padding masks; Keras takes labels padded with 0, and reads all frames.",
    ),
)


@dataclass(frozen=True)
class Friend:
    """Two calls that look alike and are not, and what turns the first into the second."""

    kind: str
    call: str
    taken_for: str
    turned: str
    why: str


FALSE_FRIENDS = (
    Friend(
        "numbers",
        "optax.l2_loss(x, y)",
        "optax.squared_error(x, y)",
        "2 * optax.l2_loss(x, y)",
        "half the square",
    ),
    Friend(
        "numbers",
        "keras.losses.huber(y, x, delta=2.0)",
        "F.smooth_l1_loss(t(x), t(y), beta=2.0, reduction='none').mean(1)",
        "keras.losses.huber(y, x, delta=2.0) / 2.0",
        "`delta` times Smooth L1",
    ),
    Friend(
        "pairs",
        "keras.losses.cosine_similarity(y, x)",
        "optax.cosine_similarity(x, y)",
        "-keras.losses.cosine_similarity(y, x)",
        "a loss to minimise, so the negative cosine",
    ),
    Friend(
        "classes",
        "optax.losses.multiclass_hinge_loss(x, y)",
        "F.multi_margin_loss(t(x), t(y), reduction='none')",
        "",
        "the worst wrong class alone, not the mean over all C",
    ),
    Friend(
        "classes",
        "sklearn.metrics.hinge_loss(y, x, labels=range(x.shape[1]))",
        "F.multi_margin_loss(t(x), t(y))",
        "",
        "the worst wrong class alone, as in Optax",
    ),
    Friend(
        "counts",
        "keras.losses.poisson(y, x)",
        "F.poisson_nll_loss(t(x), t(y), reduction='none').mean(1)",
        "keras.losses.poisson(y, np.exp(x))",
        "rates, not their logarithms",
    ),
    Friend(
        "labels",
        "keras.losses.binary_focal_crossentropy(y, x, alpha=0.25, from_logits=True)",
        "losses.sigmoid_focal_loss(t(x), t(y), alpha=0.25).mean(1)",
        "keras.losses.binary_focal_crossentropy("
        "y, x, alpha=0.25, from_logits=True, apply_class_balancing=True)",
        "`alpha` counts only with `apply_class_balancing`",
    ),
    Friend(
        "log-distributions",
        "keras.losses.kl_divergence(np.exp(x), y)",
        "F.kl_div(t(x), t(y), reduction='none').sum(1)",
        "keras.losses.kl_divergence(y, np.exp(x))",
        "the target first; the divergence is not symmetric",
    ),
)


def code(text: str) -> str:
    return "`" + text.replace("|", r"\|") + "`" if text else ""


def entries() -> list[tuple[Entry, list[tuple[str, ...]]]]:
    """Return every entry with the rows of its table."""
    found = []
    for entry in ROSETTA:
        rows = []
        for library, url in LIBRARIES.items():
            name = f"[{library}]({url})"
            word = entry.words.get(library)
            if word is None:
                rows.append((name, gettext("none"), ""))
                continue
            same = code(word.call)
            if word.module:
                same = gettext("{call}<br>or {module}", call=same, module=code(word.module))
            origin = ""
            if word.signature:
                origin = named(code(word.signature), f"<br>{gettext(word.returns)}")
            rows.append((name, same, origin))
        found.append((entry, rows))
    return found


def friends() -> list[tuple[str, ...]]:
    """Return the rows of the false friends' table."""
    linked = lambda call: re.sub(
        r"^`(?:F|losses)\.(\w+).*`$", r"[\g<0>](../losses/\1.md)", code(call)
    )
    return [
        (code(x.call), linked(x.taken_for), gettext(x.why), code(x.turned) or gettext("none"))
        for x in FALSE_FRIENDS
    ]


# The arrays of a kind, small enough to be read.
SAMPLES = {
    "numbers": "x = np.array([[0.5, 2.0]])\ny = np.array([[0.0, 0.0]])",
    "counts": "x = np.array([[1.5, 2.0]])\ny = np.array([[1.0, 3.0]])",
    "probabilities": "x = np.array([0.9, 0.2])\ny = np.array([1.0, 0.0])",
    "labels": "x = np.array([[2.0, -1.0]])\ny = np.array([[1.0, 0.0]])",
    "signs": "x = np.array([0.5, -2.0])\ny = np.array([1.0, -1.0])",
    "classes": "x = np.array([[2.0, 0.0, -1.0], [0.0, 1.0, 0.0]])\ny = np.array([0, 2])",
    "log-probabilities": "x = np.log([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]])\ny = np.array([0, 2])",
    "distributions": "x = np.array([[2.0, 0.0, -1.0]])\ny = np.array([[0.7, 0.2, 0.1]])",
    "log-distributions": "x = np.log([[0.6, 0.3, 0.1]])\ny = np.array([[0.7, 0.2, 0.1]])",
    "pairs": "x = np.array([[1.0, 2.0]])\ny = np.array([[2.0, 1.0]])",
    "triplets": "a = np.array([[0.0, 0.0]])\np = np.array([[1.0, 0.0]])\n"
    "n = np.array([[0.0, 1.5]])",
    "sequences": "x = np.log(np.full((1, 4, 3), 1 / 3))\ny = np.array([[1, 2]])",
}
MODULES = ("keras", "numpy as np", "optax", "scipy.special", "sklearn.metrics")


def programs(function: str) -> Iterator[tuple[str, str]]:
    """Yield how other libraries say a loss, each as a program that runs by itself."""
    entry = next((entry for entry in ROSETTA if entry.loss == function), None)
    for library, word in entry.words.items() if entry else ():
        if library != "PyTorch":
            yield library, program(entry.kind, word)


def program(kind: str, word: Word) -> str:
    named = lambda module: f"{module.partition('.')[0].split()[-1]}." in word.call
    imports = [f"import {x}" for x in MODULES if named(x) or x.startswith("numpy")]
    call = f"print({word.call})"
    if len(call) > WIDTH:
        call = narrow(call).rstrip()
    return "\n".join([*imports, "", SAMPLES[kind], call])


def title_of(entry: Entry) -> str:
    """Head the entry with its class, and with its kind where others have the same class."""
    name = next(loss.classes[0] for loss in CATALOG if loss.function == entry.loss)
    alone = [other.loss for other in ROSETTA].count(entry.loss) == 1
    return name if alone else f"{name}, {entry.kind}"


def messages() -> list[str]:
    """Return all that is said here."""
    found = [ELEMENT, ROW, NUMBER, *KINDS.values(), *(friend.why for friend in FALSE_FRIENDS)]
    return found + [text for entry in ROSETTA for text in (title_of(entry), entry.note)]
