"""Every loss as data: what it is called, what it takes, where it stands.

The site's navigation, overview and figures, and the tests, all start from these records.

Examples:
    >>> from losses.catalog import CATALOG
    >>> [loss.function for loss in CATALOG if "counts" in loss.target]
    ['poisson_nll_loss']

    Or asked for by their properties: robust to outliers, and without a kink at the target.

    >>> from losses import catalog
    >>> robust = catalog.find(convex=True, bounded=True, smooth=True, symmetric=True)
    >>> [loss.function for loss in robust]
    ['smooth_l1_loss', 'huber_loss', 'log_cosh_loss']
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Curve:
    """A one-dimensional slice of a loss, drawn with its gradient.

    Attributes:
        arguments: The loss's arguments as nested lists of numbers. The string `"x"` stands for
            the variable, `"cos"` and `"sin"` for its cosine and sine, the swept parameter's name
            for its value; integers become integer tensors, tuples hold several.
        domain: First and last value of the variable.
        label: The horizontal axis in the formula's symbols, plain text.
        sweep: A parameter and the values to draw one line each for.
        keywords: Other keywords, held fixed.
        slider: More values of the swept parameter, for the slider; those drawn are among them.
        symbol: The variable that the gradient belongs to.
        endless: Whether the variable goes on beyond the first and the last value.
        walls: Where the variable ends and the loss or its slope grows without bound.
    """

    arguments: dict[str, Any]
    domain: tuple[float, float]
    label: str = "x"
    sweep: tuple[str, tuple[Any, ...]] | None = None
    keywords: dict[str, Any] = field(default_factory=dict)
    slider: tuple[Any, ...] = ()
    symbol: str = "x"
    endless: tuple[bool, bool] = (True, True)
    walls: tuple[float, ...] = ()


@dataclass(frozen=True)
class Claim:
    """Whether a property holds, and why.

    Attributes:
        holds: Whether it does.
        reason: Why, or why not, in a line.
        value: The least Lipschitz constant or bound, a number or an expression in the arguments;
            what the minimum satisfies, as an expression in the arguments (and `loss`); what a
            symmetry exchanges: `"error"`, the input's `"sign"`, or the first two `"arguments"`.
    """

    holds: bool
    reason: str
    value: float | str | None = None


@dataclass(frozen=True)
class Properties:
    """What is claimed of a loss as a function of its input.

    All of it is about one element, row, pair or triplet (`reduction="none"`), with the default
    settings, the target held fixed and all norms Euclidean. Tests attack every claim.

    Attributes:
        convex: No chord lies below the loss.
        lipschitz: The loss changes at most by a constant times the change of the input.
        smooth: The gradient exists and is continuous everywhere.
        symmetric: An exchange leaves the loss as it was.
        bounded: The gradient, wherever it exists, is no longer than a constant. Not Lipschitz
            all the same: a loss that jumps.
        non_negative: The loss is nowhere below 0.
        minimum: The lowest value is attained.
    """

    convex: Claim
    lipschitz: Claim
    smooth: Claim
    symmetric: Claim
    bounded: Claim
    non_negative: Claim
    minimum: Claim


PROPERTIES = {
    "convex": "Convex",
    "lipschitz": "Lipschitz",
    "smooth": "Smooth (no kink)",
    "symmetric": "Symmetric",
    "bounded": "Bounded gradient",
    "non_negative": "Never negative",
    "minimum": "Attains its minimum",
}


@dataclass(frozen=True)
class Loss:
    """One loss.

    Attributes:
        function: Name of the function, of its private module, of its page and of its figure.
        classes: Names of its `nn.Module` classes, the current one first.
        aliases: What else it is called, most usual name first.
        twin: Whether `torch.nn.functional` has the function, and `torch.nn` the classes, under the
            same names. Where it has a class alone, `False`.
        family: What it is for: one of `FAMILIES`.
        summary: When to use it, in a few words.
        input: What `input` holds: logits, probabilities, ...
        target: How `target` is encoded.
        mean: What `reduction='mean'` divides by.
        eps: What the epsilon does, empty where there is none.
        shapes: Shapes of the arguments.
        properties: What is claimed of it as a function of its input.
        curve: The slice to draw, or none where one dimension shows nothing.
        more: Further slices, one for each further parameter.
        sources: Numbers of the source documents that describe it.
    """

    function: str
    classes: tuple[str, ...]
    family: str
    summary: str
    input: str
    target: str
    mean: str
    shapes: str
    properties: Properties
    eps: str = ""
    aliases: tuple[str, ...] = ()
    twin: bool = True
    curve: Curve | None = None
    more: tuple[Curve, ...] = ()
    sources: tuple[str, ...] = ()


FAMILIES = {
    "regression": "Regression",
    "classification": "Classification",
    "distribution": "Distributions and likelihoods",
    "ranking": "Ranking and embeddings",
    "sequence": "Sequences",
    "mining": "Mined triplets",
}

CATALOG: tuple[Loss, ...] = (
    Loss(
        function="binary_cross_entropy",
        classes=("BCELoss",),
        aliases=("binary cross-entropy", "BCE", "log loss", "logistic loss on probabilities"),
        family="classification",
        summary="Binary or multi-label, from probabilities. Prefer BCEWithLogitsLoss.",
        input="probabilities in [0, 1], after a sigmoid",
        target="probabilities in [0, 1], usually 0.0 or 1.0; floating point",
        mean="the number of elements",
        shapes="`input` (*), `target` (*), `weight` broadcastable to them",
        eps="no argument: each logarithm is held at -100 or above",
        curve=Curve(
            {"input": "x", "target": "target"},
            (0.02, 0.98),
            sweep=("target", (1.0, 0.5, 0.0)),
            slider=(0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0),
            walls=(0.0, 1.0),
        ),
        more=(
            Curve(
                {"input": "x", "target": 1.0, "weight": 1.0},
                (0.02, 0.98),
                sweep=("weight", (0.5, 1.0, 2.0)),
                slider=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0),
                walls=(0.0,),
            ),
        ),
        sources=("001",),
        properties=Properties(
            convex=Claim(
                True,
                "a mixture of −log x and −log (1 − x), both convex, where no logarithm is held",
            ),
            lipschitz=Claim(
                False, "−log x gets steeper without end towards 0; only the hold at −100 stops it"
            ),
            smooth=Claim(True, "both logarithms are smooth where neither is held"),
            symmetric=Claim(
                False, "exchanging prediction and target gives another value", "arguments"
            ),
            bounded=Claim(True, "the variance that it divides by is held at 1e-12", 1e12),
            non_negative=Claim(True, "both logarithms are of numbers up to 1"),
            minimum=Claim(
                True,
                "there the gradient is 0; the value is the target's entropy, 0 only for 0 and 1",
                "input == target",
            ),
        ),
    ),
    Loss(
        function="binary_cross_entropy_with_logits",
        classes=("BCEWithLogitsLoss",),
        aliases=(
            "sigmoid cross-entropy",
            "BCE with logits",
            "logistic loss",
            "multi-label classification loss",
        ),
        family="classification",
        summary="Binary or multi-label, from logits. The default choice for both.",
        input="logits, any real number",
        target="probabilities in [0, 1], usually 0.0 or 1.0; floating point",
        mean="the number of elements",
        shapes="`input` (*), `target` (*), `weight` and `pos_weight` broadcastable to them",
        curve=Curve(
            {"input": "x", "target": 1.0},
            (-6, 6),
            sweep=("target", (1.0, 0.5, 0.0)),
            slider=(0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0),
        ),
        more=(
            Curve(
                {"input": "x", "target": 1.0, "pos_weight": 1.0},
                (-6, 6),
                sweep=("pos_weight", (0.5, 1.0, 3.0)),
                slider=(0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0),
            ),
        ),
        properties=Properties(
            convex=Claim(True, "the second derivative σ(x) (1 − σ(x)) is never negative"),
            lipschitz=Claim(True, "the gradient is σ(x) − y, between −1 and 1", 1.0),
            smooth=Claim(True, "softplus is"),
            symmetric=Claim(
                False, "a wrong logit costs about its size, a right one next to nothing", "sign"
            ),
            bounded=Claim(True, "it is σ(x) − y, between −1 and 1", 1.0),
            non_negative=Claim(True, "minus the logarithm of a probability"),
            minimum=Claim(
                True,
                "there σ(x) = y; for a target of 0 or 1 it is infinite, so only approached",
                "input == logit(target)",
            ),
        ),
    ),
    Loss(
        function="cross_entropy",
        classes=("CrossEntropyLoss",),
        aliases=(
            "cross-entropy",
            "softmax loss",
            "categorical cross-entropy",
            "multinomial logistic loss",
        ),
        family="classification",
        summary="One class out of C, from logits. The default for multi-class.",
        input="logits, any real number",
        target="class indices (int64, uint8), or class probabilities (floating point, shape of "
        "`input`)",
        mean="the sum of the targets' weights, ignored ones left out; the number of rows for "
        "class probabilities",
        shapes="`input` (C), (N, C) or (N, C, d1, ...); `target` (), (N) or (N, d1, ...), "
        "or as `input`; `weight` (C)",
        curve=Curve(
            {"input": [["x", 0.0, 0.0]], "target": [0]},
            (-6, 6),
            "x₁, with x₂ = x₃ = 0 and y = 1",
            sweep=("label_smoothing", (0.0, 0.1, 0.3)),
            slider=(0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0),
            symbol="x₁",
        ),
        more=(
            Curve(
                {"input": [["x", 0.0, 0.0]], "target": [0], "weight": ["weight", 1.0, 1.0]},
                (-6, 6),
                "x₁, with x₂ = x₃ = 0 and y = 1",
                sweep=("weight", (0.5, 1.0, 2.0)),
                slider=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0),
                symbol="x₁",
            ),
        ),
        sources=("000", "001", "004"),
        properties=Properties(
            convex=Claim(True, "log-sum-exp is convex, and the target's logit is subtracted"),
            lipschitz=Claim(
                True, "the gradient is softmax(x) minus the one-hot target, at most √2 long", 2**0.5
            ),
            smooth=Claim(True, "log-sum-exp is"),
            symmetric=Claim(False, "the most likely class becomes the least likely", "sign"),
            bounded=Claim(
                True, "it is softmax(x) minus the one-hot target, at most √2 long", 2**0.5
            ),
            non_negative=Claim(True, "minus the logarithm of a probability"),
            minimum=Claim(False, "0 is only approached, as the target's logit grows"),
        ),
    ),
    Loss(
        function="nll_loss",
        classes=("NLLLoss", "NLLLoss2d"),
        aliases=("negative log-likelihood", "NLL"),
        family="classification",
        summary="One class out of C, from log-probabilities.",
        input="log-probabilities, at most 0, after a log_softmax",
        target="class indices (int64, uint8)",
        mean="the sum of the targets' weights, ignored ones left out",
        shapes="`input` (C), (N, C) or (N, C, d1, ...); `target` (), (N) or (N, d1, ...); "
        "`weight` (C)",
        curve=Curve(
            {"input": [["x", -1.0]], "target": [0], "weight": ["weight", 1.0]},
            (-6, 0),
            "log-probability x of the right class",
            sweep=("weight", (0.5, 1.0, 2.0)),
            slider=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0),
        ),
        sources=("004",),
        properties=Properties(
            convex=Claim(True, "linear: minus one entry of the input"),
            lipschitz=Claim(True, "the gradient is −1 at the target and 0 elsewhere", 1.0),
            smooth=Claim(True, "linear"),
            symmetric=Claim(False, "it changes its sign with the input", "sign"),
            bounded=Claim(True, "it is −1 at the target and 0 elsewhere", 1.0),
            non_negative=Claim(True, "for log-probabilities, which are at most 0"),
            minimum=Claim(
                True,
                "for log-probabilities: there the target's class is certain",
                "input[target] == 0",
            ),
        ),
    ),
    Loss(
        function="linear_cross_entropy",
        classes=("LinearCrossEntropyLoss",),
        aliases=("fused linear loss", "language-model head loss"),
        family="classification",
        summary="Last linear layer and cross entropy in one, by blocks with `options`.",
        input="features before the last linear layer, any real number",
        target="class indices (int64), or class probabilities (floating point)",
        mean="the sum of the targets' weights, ignored ones left out; the batch size for "
        "class probabilities",
        shapes="`input` (in) or (N, in); `linear_weight` (C, in) or (C, d1, ..., in); "
        "`target` (), (N) or (N, d1, ...)",
        curve=Curve(
            {"input": [["x"]], "linear_weight": [[1.0], [0.0]], "target": [0]},
            (-6, 6),
            "x, with W = (1, 0) and y = 1",
            sweep=("label_smoothing", (0.0, 0.1, 0.3)),
            slider=(0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0),
        ),
        properties=Properties(
            convex=Claim(
                True, "cross entropy is convex, and the layer linear; not in both factors at once"
            ),
            lipschitz=Claim(
                True,
                "its gradient is an average of the rows of the layer, less the row of the target",
                "(linear_weight - linear_weight[target]).norm(dim=1).max()",
            ),
            smooth=Claim(True, "log-sum-exp is"),
            symmetric=Claim(False, "the most likely class becomes the least likely", "sign"),
            bounded=Claim(
                True,
                "it is the layer's rows averaged by softmax, minus the target's row",
                "(linear_weight - linear_weight[target]).norm(dim=1).max()",
            ),
            non_negative=Claim(True, "minus the logarithm of a probability"),
            minimum=Claim(
                False, "where features can set the target's class apart, 0 is only approached"
            ),
        ),
    ),
    Loss(
        function="adaptive_log_softmax_with_loss",
        classes=("AdaptiveLogSoftmaxWithLoss",),
        aliases=("adaptive softmax", "class-based softmax", "two-level softmax"),
        family="classification",
        summary="Very many classes, most of them rare: a smaller layer for the rare ones.",
        input="features before the last layer, any real number",
        target="class indices (int64, int32), the most frequent class first",
        mean="the number of rows; there is no other reduction",
        shapes="`input` (in) or (N, in); `target` () or (N); `head_weight` (frequent + clusters, "
        "in); `tail_weights` pairs of (h, in) and (classes, h)",
        twin=False,  # PyTorch has the class alone
        curve=Curve(
            {
                "input": [["x"]],
                "target": ["target"],
                "head_weight": [[1.0], [0.0], [-1.0]],
                "tail_weights": (([[1.0]], [[1.0], [-1.0]]),),
            },
            (-6, 6),
            "x, with W = (1, 0, −1), P = 1, C = (1, −1)",
            sweep=("target", (0, 2, 3)),
        ),
        properties=Properties(
            convex=Claim(
                True,
                "two cross entropies are, and the layers linear; not in the layers' weights",
            ),
            lipschitz=Claim(
                True, "in each of two softmaxes, an average of rows less one of these rows"
            ),
            smooth=Claim(True, "log-sum-exp is"),
            symmetric=Claim(False, "the most likely class becomes the least likely", "sign"),
            bounded=Claim(
                True, "in each of two softmaxes, an average of rows less one of these rows"
            ),
            non_negative=Claim(True, "minus the logarithm of a probability"),
            minimum=Claim(
                False, "where features can set the target's class apart, 0 is only approached"
            ),
        ),
    ),
    Loss(
        function="l1_loss",
        classes=("L1Loss",),
        aliases=("mean absolute error", "MAE", "L1 loss", "least absolute deviations"),
        family="regression",
        summary="Regression towards the median; outliers count no more than their distance.",
        input="predictions, any real number",
        target="values, any real number",
        mean="the number of elements; the sum of `weight` where one is given",
        shapes="`input` (*), `target` (*), `weight` (*)",
        curve=Curve(
            {"input": "x", "target": 0.0, "weight": 1.0},
            (-3, 3),
            "x − y",
            sweep=("weight", (0.5, 1.0, 2.0)),
            slider=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0),
        ),
        sources=("000", "001", "002", "004"),
        properties=Properties(
            convex=Claim(True, "an absolute value"),
            lipschitz=Claim(True, "the slope is −1 or 1", 1.0),
            smooth=Claim(False, "the gradient jumps from −1 to 1 at the target"),
            symmetric=Claim(True, "over and under count alike", "error"),
            bounded=Claim(True, "it is −1, 0 or 1", 1.0),
            non_negative=Claim(True, "an absolute value"),
            minimum=Claim(True, "there the error is 0", "input == target"),
        ),
    ),
    Loss(
        function="mse_loss",
        classes=("MSELoss",),
        aliases=("mean squared error", "MSE", "L2 loss", "quadratic loss", "least squares"),
        family="regression",
        summary="Regression towards the mean; large errors dominate.",
        input="predictions, any real number",
        target="values, any real number",
        mean="the number of elements; the sum of `weight` where one is given",
        shapes="`input` (*), `target` (*), `weight` (*)",
        curve=Curve(
            {"input": "x", "target": 0.0, "weight": 1.0},
            (-3, 3),
            "x − y",
            sweep=("weight", (0.5, 1.0, 2.0)),
            slider=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0),
        ),
        sources=("000", "001", "002", "004"),
        properties=Properties(
            convex=Claim(True, "a parabola"),
            lipschitz=Claim(False, "the slope grows with the error"),
            smooth=Claim(True, "a parabola"),
            symmetric=Claim(True, "over and under count alike", "error"),
            bounded=Claim(False, "it is twice the error, so an outlier pulls without limit"),
            non_negative=Claim(True, "a square"),
            minimum=Claim(True, "there the error is 0", "input == target"),
        ),
    ),
    Loss(
        function="smooth_l1_loss",
        classes=("SmoothL1Loss",),
        aliases=("smooth L1", "Fast R-CNN box loss"),
        family="regression",
        summary="Regression with outliers: squared when small, slope 1 when large.",
        input="predictions, any real number",
        target="values, any real number",
        mean="the number of elements",
        shapes="`input` (*), `target` (*)",
        curve=Curve(
            {"input": "x", "target": 0.0},
            (-3, 3),
            "x − y",
            sweep=("beta", (0.5, 1.0, 2.0)),
            slider=(0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5),
        ),
        sources=("001", "002"),
        properties=Properties(
            convex=Claim(True, "the gradient never falls as the error grows"),
            lipschitz=Claim(True, "the slope is held between −1 and 1, whatever `beta`", 1.0),
            smooth=Claim(True, "parabola and line meet with the same slope; not with `beta=0`"),
            symmetric=Claim(True, "over and under count alike", "error"),
            bounded=Claim(True, "it is held between −1 and 1, whatever `beta`", 1.0),
            non_negative=Claim(True, "a square, then an absolute value that continues it"),
            minimum=Claim(True, "there the error is 0", "input == target"),
        ),
    ),
    Loss(
        function="huber_loss",
        classes=("HuberLoss",),
        aliases=("Huber", "robust regression loss"),
        family="regression",
        summary="Regression with outliers: squared when small, slope `delta` when large.",
        input="predictions, any real number",
        target="values, any real number",
        mean="the number of elements, also where `weight` is given",
        shapes="`input` (*), `target` (*), `weight` (*)",
        curve=Curve(
            {"input": "x", "target": 0.0},
            (-3, 3),
            "x − y",
            sweep=("delta", (0.5, 1.0, 2.0)),
            slider=(0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5),
        ),
        properties=Properties(
            convex=Claim(True, "the gradient never falls as the error grows"),
            lipschitz=Claim(
                True, "the slope is held between −`delta` and `delta`, which is 1", 1.0
            ),
            smooth=Claim(True, "parabola and line meet with the same slope"),
            symmetric=Claim(True, "over and under count alike", "error"),
            bounded=Claim(True, "it is held between −`delta` and `delta`, which is 1", 1.0),
            non_negative=Claim(True, "a square, then an absolute value that continues it"),
            minimum=Claim(True, "there the error is 0", "input == target"),
        ),
    ),
    Loss(
        function="log_cosh_loss",
        classes=("LogCoshLoss",),
        aliases=("log-cosh", "log cosh", "logarithm of the hyperbolic cosine"),
        family="regression",
        summary="Regression with outliers: Huber's shape, smooth everywhere, nothing to set.",
        input="predictions, any real number",
        target="values, any real number",
        mean="the number of elements",
        shapes="`input` (*), `target` (*)",
        twin=False,
        curve=Curve({"input": "x", "target": 0.0}, (-3, 3), "x − y"),
        properties=Properties(
            convex=Claim(True, "the second derivative, 1 − tanh², is above 0"),
            lipschitz=Claim(True, "the slope, a hyperbolic tangent, is between −1 and 1", 1.0),
            smooth=Claim(True, "so are all its derivatives; nowhere is there a seam"),
            symmetric=Claim(True, "over and under count alike", "error"),
            bounded=Claim(True, "a hyperbolic tangent is between −1 and 1", 1.0),
            non_negative=Claim(True, "a hyperbolic cosine is at least 1"),
            minimum=Claim(True, "there the error is 0", "input == target"),
        ),
    ),
    Loss(
        function="poisson_nll_loss",
        classes=("PoissonNLLLoss",),
        aliases=("Poisson loss", "Poisson regression", "count regression"),
        family="distribution",
        summary="Counts per interval.",
        input="the log of the rate; the rate itself with `log_input=False`",
        target="counts, at least 0",
        mean="the number of elements",
        shapes="`input` (*), `target` (*)",
        eps="added to the rate inside the logarithm, only with `log_input=False`",
        curve=Curve(
            {"input": "x", "target": 2.0},
            (-3, 3),
            sweep=("target", (0.0, 2.0, 5.0)),
            slider=(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 8.0),
        ),
        more=(
            Curve(
                {"input": "x", "target": 2.0},
                (0.2, 3.2),
                sweep=("log_input", (True, False)),
            ),
            Curve({"input": "x", "target": 5.0}, (-3, 3), sweep=("full", (True, False))),
        ),
        sources=("001", "002"),
        properties=Properties(
            convex=Claim(True, "an exponential minus a line"),
            lipschitz=Claim(False, "the slope grows as the rate does, exponentially"),
            smooth=Claim(True, "an exponential minus a line"),
            symmetric=Claim(False, "a rate too high costs more than one as much too low", "error"),
            bounded=Claim(False, "it is the rate minus the count, and the rate has no bound"),
            non_negative=Claim(
                False, "with `log y!` left out the minimum is y − y log y, below 0 from 3 on"
            ),
            minimum=Claim(
                True,
                "there the rate is the count; for a count of 0 it is −∞, so only approached",
                "input == log(target)",
            ),
        ),
    ),
    Loss(
        function="gaussian_nll_loss",
        classes=("GaussianNLLLoss",),
        aliases=(
            "Gaussian negative log-likelihood",
            "normal likelihood",
            "heteroscedastic regression",
        ),
        family="distribution",
        summary="Regression that predicts its own uncertainty.",
        input="predicted means, any real number",
        target="values, any real number",
        mean="the number of elements",
        shapes="`input` (*), `target` (*); `var` same, one dimension 1, the last left out, or a "
        "number",
        eps="lower bound of `var` in the value; the gradient does not notice it",
        curve=Curve(
            {"input": "x", "target": 0.0, "var": 1.0},
            (-3, 3),
            "x − y",
            sweep=("var", (0.5, 1.0, 2.0)),
            slider=(0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0),
        ),
        more=(
            Curve(
                {"input": "x", "target": 0.0, "var": 1.0},
                (-3, 3),
                "x − y",
                sweep=("full", (True, False)),
            ),
        ),
        properties=Properties(
            convex=Claim(True, "in the mean a parabola; not in the variance"),
            lipschitz=Claim(False, "the slope grows with the error"),
            smooth=Claim(True, "a parabola"),
            symmetric=Claim(True, "over and under count alike", "error"),
            bounded=Claim(False, "it is the error over the variance"),
            non_negative=Claim(False, "a narrow Gaussian's density exceeds 1, and its logarithm 0"),
            minimum=Claim(True, "there the error is 0", "input == target"),
        ),
    ),
    Loss(
        function="kl_div",
        classes=("KLDivLoss",),
        aliases=(
            "Kullback–Leibler divergence",
            "KL divergence",
            "relative entropy",
            "distillation loss",
        ),
        family="distribution",
        summary="Match a whole distribution: distillation, soft labels, variational terms.",
        input="log-probabilities, at most 0, of the model Q",
        target="probabilities of the reference P; log-probabilities with `log_target=True`",
        mean="the number of elements, which is not the divergence: use `'batchmean'`",
        shapes="`input` (*), `target` (*), usually (N, C); `'batchmean'` divides by N",
        curve=Curve(
            {"input": "x", "target": 0.5},
            (-4, 0),
            "x = log Q",
            sweep=("target", (0.2, 0.5, 0.8)),
            slider=(0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0),
        ),
        sources=("001", "002", "004"),
        properties=Properties(
            convex=Claim(True, "linear in the log-probabilities"),
            lipschitz=Claim(
                True, "the gradient is −p, at most 1 long for a row of probabilities", 1.0
            ),
            smooth=Claim(True, "linear"),
            symmetric=Claim(
                False, "the divergence of Q from P is not that of P from Q", "arguments"
            ),
            bounded=Claim(True, "it is −p, at most 1 long for a row of probabilities", 1.0),
            non_negative=Claim(
                True, "summed over a row of probabilities; a single element may be negative"
            ),
            minimum=Claim(
                True,
                "among rows of probabilities: there Q is P, and the sum 0",
                "input == log(target)",
            ),
        ),
    ),
    Loss(
        function="margin_ranking_loss",
        classes=("MarginRankingLoss",),
        aliases=("pairwise ranking loss", "pairwise hinge loss"),
        family="ranking",
        summary="Which of two scores should be higher.",
        input="two scores, any real number",
        target="1 if `input1` should be higher, -1 if `input2` should",
        mean="the number of elements",
        shapes="`input1`, `input2`, `target`: (*), the same number of dimensions",
        curve=Curve(
            {"input1": "x", "input2": 0.0, "target": 1.0},
            (-3, 3),
            "x₁ − x₂, with y = 1",
            sweep=("margin", (0.0, 0.5, 1.0)),
            slider=(-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0),
            symbol="x₁",
        ),
        more=(
            Curve(
                {"input1": "x", "input2": 0.0, "target": 1.0},
                (-3, 3),
                "x₁ − x₂, with m = 1",
                sweep=("target", (1.0, -1.0)),
                keywords={"margin": 1.0},
                symbol="x₁",
            ),
        ),
        sources=("001", "002", "004"),
        properties=Properties(
            convex=Claim(True, "the larger of 0 and a line"),
            lipschitz=Claim(
                True, "the slope is −1 in one score and 1 in the other, or 0 in both", 2**0.5
            ),
            smooth=Claim(False, "a kink where the scores are `margin` apart"),
            symmetric=Claim(False, "the label says which of the two should be higher", "arguments"),
            bounded=Claim(True, "it is −1 in one score and 1 in the other, or 0 in both", 2**0.5),
            non_negative=Claim(True, "the larger of 0 and a line"),
            minimum=Claim(
                True,
                "wherever the order is right, by the `margin`, which is 0",
                "target * (input1 - input2) >= 0",
            ),
        ),
    ),
    Loss(
        function="multilabel_margin_loss",
        classes=("MultiLabelMarginLoss",),
        aliases=("multi-label hinge loss", "multi-label margin"),
        family="classification",
        summary="Several classes at once, as a hinge between each right and each wrong one.",
        input="scores, any real number",
        target="class indices (int64), ended by the first -1",
        mean="the batch size; each sample is already divided by C",
        shapes="`input` (C) or (N, C), `target` same",
        curve=Curve(
            {"input": [["x", 0.0, -1.0]], "target": [[0, -1, -1]]},
            (-3, 3),
            "x₁, with x = (x₁, 0, −1) and y = {1}",
            symbol="x₁",
        ),
        sources=("001", "002"),
        properties=Properties(
            convex=Claim(True, "a sum of hinges"),
            lipschitz=Claim(
                True, "most with half of the C classes right; there √C / 2", "len(input) ** 0.5 / 2"
            ),
            smooth=Claim(False, "a kink wherever a right class is 1 above a wrong one"),
            symmetric=Claim(False, "the best class becomes the worst", "sign"),
            bounded=Claim(
                True,
                "each hinge pulls one right class up and one wrong class down",
                "len(input) ** 0.5 / 2",
            ),
            non_negative=Claim(True, "a sum of hinges"),
            minimum=Claim(
                True, "wherever each right class is at least 1 above each wrong one", "loss == 0"
            ),
        ),
    ),
    Loss(
        function="multilabel_soft_margin_loss",
        classes=("MultiLabelSoftMarginLoss",),
        aliases=("multi-label soft margin", "multi-label one-versus-all logistic loss"),
        family="classification",
        summary="Several classes at once; BCEWithLogitsLoss averaged over the classes.",
        input="logits, any real number",
        target="multi-hot: 0.0 or 1.0 for every class",
        mean="the batch size; each sample is already divided by C",
        shapes="`input` (C) or (N, C), `target` same, `weight` (C)",
        curve=Curve(
            {"input": [["x"]], "target": [["target"]]},
            (-6, 6),
            "x, with C = 1",
            sweep=("target", (1.0, 0.0)),
        ),
        more=(
            Curve(
                {"input": [["x", 0.0]], "target": [[1.0, 0.0]], "weight": ["weight", 1.0]},
                (-6, 6),
                "x₁, with x₂ = 0 and y = (1, 0)",
                sweep=("weight", (0.5, 1.0, 2.0)),
                slider=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0),
            ),
        ),
        properties=Properties(
            convex=Claim(True, "a mean of log-sigmoids with a minus"),
            lipschitz=Claim(
                True,
                "each slope is between −1 and 1, divided by the C classes",
                "len(input) ** -0.5",
            ),
            smooth=Claim(True, "log-sigmoid is"),
            symmetric=Claim(
                False, "a wrong logit costs about its size, a right one next to nothing", "sign"
            ),
            bounded=Claim(True, "each entry is between −1 / C and 1 / C", "len(input) ** -0.5"),
            non_negative=Claim(True, "minus the logarithms of probabilities"),
            minimum=Claim(False, "0 is only approached, as every logit grows to its side"),
        ),
    ),
    Loss(
        function="soft_margin_loss",
        classes=("SoftMarginLoss",),
        aliases=("logistic loss with targets 1 and -1",),
        family="classification",
        summary="Binary labels written as -1 and 1; the logistic loss.",
        input="scores, any real number",
        target="-1 or 1",
        mean="the number of elements",
        shapes="`input` (*), `target` (*)",
        curve=Curve({"input": "x", "target": 1.0}, (-6, 6), sweep=("target", (1.0, -1.0))),
        sources=("001", "002"),
        properties=Properties(
            convex=Claim(True, "the second derivative is a sigmoid's slope, never negative"),
            lipschitz=Claim(True, "the slope is a sigmoid, between −1 and 1", 1.0),
            smooth=Claim(True, "log-sigmoid is"),
            symmetric=Claim(
                False, "a wrong score costs about its size, a right one next to nothing", "sign"
            ),
            bounded=Claim(True, "it is a sigmoid with the label's sign", 1.0),
            non_negative=Claim(True, "minus the logarithm of a probability"),
            minimum=Claim(False, "0 is only approached, as the score grows to its side"),
        ),
    ),
    Loss(
        function="multi_margin_loss",
        classes=("MultiMarginLoss",),
        aliases=("multi-class hinge loss", "multi-class SVM loss", "hinge loss"),
        family="classification",
        summary="One class out of C, as a hinge (multi-class SVM).",
        input="scores, any real number",
        target="class indices (int64)",
        mean="the batch size; each sample is already divided by C",
        shapes="`input` (C) or (N, C); `target` () or (N); `weight` (C)",
        curve=Curve(
            {"input": [["x", 0.0, -1.0]], "target": [0]},
            (-3, 3),
            "x₁, with x = (x₁, 0, −1) and y = 1",
            sweep=("p", (1, 2)),
            symbol="x₁",
        ),
        more=(
            Curve(
                {"input": [["x", 0.0, -1.0]], "target": [0]},
                (-3, 3),
                "x₁, with x = (x₁, 0, −1) and y = 1",
                sweep=("margin", (0.5, 1.0, 2.0)),
                slider=(0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0),
                symbol="x₁",
            ),
        ),
        sources=("001", "002"),
        properties=Properties(
            convex=Claim(True, "a mean of hinges"),
            lipschitz=Claim(
                True, "C − 1 hinges, divided by C", "((len(input) - 1) / len(input)) ** 0.5"
            ),
            smooth=Claim(
                False, "a kink wherever the target is `margin` above another class; with `p=2` none"
            ),
            symmetric=Claim(False, "the best class becomes the worst", "sign"),
            bounded=Claim(
                True,
                "C − 1 hinges, divided by C; with `p=2` there is no bound",
                "((len(input) - 1) / len(input)) ** 0.5",
            ),
            non_negative=Claim(True, "a mean of hinges"),
            minimum=Claim(
                True, "wherever the target is `margin` above every other class", "loss == 0"
            ),
        ),
    ),
    Loss(
        function="triplet_margin_loss",
        classes=("TripletMarginLoss",),
        aliases=("triplet loss", "triplet margin"),
        family="ranking",
        summary="Embeddings in ready-made triplets, Lp distance.",
        input="three embeddings, any real number",
        target="none: the positive and the negative are the supervision",
        mean="the number of triplets",
        shapes="`anchor`, `positive`, `negative`: (D), (N, D) or (*, D)",
        eps="added to every coordinate of a difference, so that its norm is hardly ever 0",
        curve=Curve(
            {"anchor": [[0.0]], "positive": [[1.0]], "negative": [["x"]]},
            (-3, 3),
            "a⁻, with a = 0 and a⁺ = 1",
            sweep=("margin", (0.5, 1.0, 1.5)),
            slider=(0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5),
            symbol="a⁻",
        ),
        more=(
            Curve(
                {
                    "anchor": [[0.0, 0.0]],
                    "positive": [[1.0, 0.0]],
                    "negative": [["x", 1.0]],
                },
                (-3, 3),
                "x, with a = (0, 0), a⁺ = (1, 0), a⁻ = (x, 1)",
                sweep=("p", (1.0, 2.0, 4.0)),
                slider=(1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 8.0),
                symbol="x",
            ),
            Curve(
                {"anchor": [[0.0]], "positive": [[1.0]], "negative": [["x"]]},
                (-4, 4),
                "a⁻, with a = 0 and a⁺ = 1",
                sweep=("swap", (False, True)),
                symbol="a⁻",
            ),
        ),
        sources=("000", "001", "002"),
        properties=Properties(
            convex=Claim(False, "the distance to the negative is subtracted"),
            lipschitz=Claim(
                True, "the anchor moves for both distances, the others for one: 2² + 1 + 1", 6**0.5
            ),
            smooth=Claim(False, "a kink at the margin, and where two embeddings are equal"),
            symmetric=Claim(False, "only the anchor is compared with the negative", "arguments"),
            bounded=Claim(
                True,
                "two unit vectors on the anchor, one on each of the others: 2² + 1 + 1",
                6**0.5,
            ),
            non_negative=Claim(True, "a hinge"),
            minimum=Claim(
                True,
                "wherever the negative is farther than the positive by the `margin`",
                "loss == 0",
            ),
        ),
    ),
    Loss(
        function="triplet_margin_with_distance_loss",
        classes=("TripletMarginWithDistanceLoss",),
        aliases=("triplet loss with your own distance", "custom distance triplet loss"),
        family="ranking",
        summary="Embeddings in ready-made triplets, any distance.",
        input="three embeddings, any real number",
        target="none: the positive and the negative are the supervision",
        mean="the number of triplets",
        shapes="`anchor`, `positive`, `negative`: (N, *), as the distance takes them",
        eps="no argument: the default distance adds 1e-6 to every coordinate of a difference",
        curve=Curve(
            {"anchor": [[0.0]], "positive": [[1.0]], "negative": [["x"]]},
            (-3, 3),
            "a⁻, with a = 0 and a⁺ = 1",
            sweep=("margin", (0.5, 1.0, 1.5)),
            slider=(0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5),
            symbol="a⁻",
        ),
        more=(
            Curve(
                {"anchor": [[0.0]], "positive": [[1.0]], "negative": [["x"]]},
                (-4, 4),
                "a⁻, with a = 0 and a⁺ = 1",
                sweep=("swap", (False, True)),
                symbol="a⁻",
            ),
        ),
        properties=Properties(
            convex=Claim(False, "the distance to the negative is subtracted"),
            lipschitz=Claim(True, "with the default, Euclidean distance: 2² + 1 + 1", 6**0.5),
            smooth=Claim(False, "a kink at the margin, and where two embeddings are equal"),
            symmetric=Claim(False, "only the anchor is compared with the negative", "arguments"),
            bounded=Claim(True, "with the default, Euclidean distance: 2² + 1 + 1", 6**0.5),
            non_negative=Claim(True, "a hinge"),
            minimum=Claim(
                True,
                "wherever the negative is farther than the positive by the `margin`",
                "loss == 0",
            ),
        ),
    ),
    Loss(
        function="hinge_embedding_loss",
        classes=("HingeEmbeddingLoss",),
        aliases=("hinge embedding", "pairwise contrastive loss"),
        family="ranking",
        summary="Pairs with a ready-made distance: pull together or push apart.",
        input="distances, at least 0",
        target="1 if the pair is similar, -1 if not",
        mean="the number of elements",
        shapes="`input` (*), `target` (*)",
        curve=Curve({"input": "x", "target": 1.0}, (0, 3), sweep=("target", (1.0, -1.0))),
        more=(
            Curve(
                {"input": "x", "target": -1.0},
                (0, 3),
                "x, with y = −1",
                sweep=("margin", (0.5, 1.0, 2.0)),
                slider=(0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5),
            ),
        ),
        sources=("001", "002", "004"),
        properties=Properties(
            convex=Claim(True, "a line, or the larger of 0 and a line"),
            lipschitz=Claim(True, "the slope is −1, 0 or 1", 1.0),
            smooth=Claim(False, "for a dissimilar pair, a kink at the `margin`"),
            symmetric=Claim(False, "it takes a distance, which has no sign to exchange", "sign"),
            bounded=Claim(True, "it is −1, 0 or 1", 1.0),
            non_negative=Claim(True, "for distances; a negative one would give a negative loss"),
            minimum=Claim(
                True,
                "similar: at distance 0; dissimilar: from the `margin` on, which is 1",
                "where(target == 1, input <= 0, input >= 1)",
            ),
        ),
    ),
    Loss(
        function="cosine_embedding_loss",
        classes=("CosineEmbeddingLoss",),
        aliases=("cosine similarity loss", "cosine embedding"),
        family="ranking",
        summary="Pairs of embeddings: pull together or push apart by angle.",
        input="two embeddings, any real number",
        target="1 if the pair is similar, -1 if not",
        mean="the number of pairs",
        shapes="`input1`, `input2` (D) or (N, D); `target` () or (N)",
        eps="no argument: 1e-12 is added to each squared norm",
        curve=Curve(
            {"input1": ["cos", "sin"], "input2": [1.0, 0.0], "target": "target"},
            (0, 3.141592653589793),
            "angle θ between x₁ and x₂",
            sweep=("target", (1.0, -1.0)),
            symbol="θ",
        ),
        more=(
            Curve(
                {"input1": ["cos", "sin"], "input2": [1.0, 0.0], "target": -1.0},
                (0, 3.141592653589793),
                "angle θ between x₁ and x₂, with y = −1",
                sweep=("margin", (0.0, 0.25, 0.5)),
                slider=(-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0),
                symbol="θ",
            ),
        ),
        sources=("001", "002"),
        properties=Properties(
            convex=Claim(False, "the cosine bends down at its top and up at its bottom"),
            lipschitz=Claim(
                True, "short vectors turn easily; 1e-12 under the root ends that at a million", 1e6
            ),
            smooth=Claim(False, "for a dissimilar pair, a kink where the cosine is the `margin`"),
            symmetric=Claim(True, "the cosine does not know which comes first", "arguments"),
            bounded=Claim(
                True, "it grows as 1 / length, until 1e-12 under the root ends that", 1e6
            ),
            non_negative=Claim(True, "a cosine is at most 1"),
            minimum=Claim(
                True,
                "similar: wherever the directions agree; dissimilar: from a right angle on",
                "loss == 0",
            ),
        ),
    ),
    Loss(
        function="ctc_loss",
        classes=("CTCLoss",),
        aliases=("connectionist temporal classification", "CTC"),
        family="sequence",
        summary="Label sequences without alignment: speech, handwriting.",
        input="log-probabilities for every time step, blank included",
        target="class indices without the blank",
        mean="each sample's target length first, then the batch size",
        shapes="`log_probs` (T, N, C) or (T, C); `targets` (N, S) or (sum of lengths); "
        "lengths (N) or ()",
        curve=Curve(
            {
                "log_probs": [[-0.7, "x"], [-0.7, -0.7], [-0.7, -0.7]],
                "targets": [1],
                "input_lengths": 1,
                "target_lengths": 1,
            },
            (-6, -0.7),
            "log-probability of the label in the first frame",
            endless=(True, False),
            sweep=("input_lengths", (1, 2, 3)),
        ),
        sources=("001", "002"),
        properties=Properties(
            convex=Claim(False, "minus a log-sum-exp of sums is concave in the log-probabilities"),
            lipschitz=Claim(
                True,
                "in each of the T frames the gradient's entries add up to −1",
                "len(log_probs) ** 0.5",
            ),
            smooth=Claim(True, "log-sum-exp is"),
            symmetric=Claim(False, "the most likely labels become the least likely", "sign"),
            bounded=Claim(
                True, "in each of the T frames the entries add up to −1", "len(log_probs) ** 0.5"
            ),
            non_negative=Claim(
                True, "minus the logarithm of a probability, for rows of probabilities"
            ),
            minimum=Claim(False, "0 is only approached, as one alignment takes all probability"),
        ),
    ),
    Loss(
        function="focal_loss",
        classes=("FocalLoss",),
        aliases=("multi-class focal loss", "softmax focal loss"),
        family="classification",
        summary="One class out of C, easy samples turned down: heavy class imbalance.",
        input="logits, any real number",
        target="class indices (int64)",
        mean="the sum of the targets' weights, ignored ones left out",
        shapes="`input` (C), (N, C) or (N, C, d1, ...); `target` (), (N) or (N, d1, ...); "
        "`weight` (C)",
        twin=False,
        curve=Curve(
            {"input": [["x", 0.0]], "target": [0]},
            (-6, 6),
            "x₁, with x₂ = 0 and y = 1",
            sweep=("gamma", (0.0, 1.0, 2.0, 5.0)),
            slider=(0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0),
            symbol="x₁",
        ),
        more=(
            Curve(
                {"input": [["x", 0.0]], "target": [0], "weight": ["weight", 1.0]},
                (-6, 6),
                "x₁, with x₂ = 0 and y = 1",
                sweep=("weight", (0.5, 1.0, 2.0)),
                slider=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0),
                symbol="x₁",
            ),
        ),
        sources=("001",),
        properties=Properties(
            convex=Claim(False, "it bends down where the model is sure and wrong"),
            lipschitz=Claim(True, "√2 times the steepest slope, that at p = 0.058", 1.5966),
            smooth=Claim(True, "a power of a probability times its logarithm"),
            symmetric=Claim(False, "the most likely class becomes the least likely", "sign"),
            bounded=Claim(True, "√2 times the steepest slope, that at p = 0.058", 1.5966),
            non_negative=Claim(True, "a square times minus the logarithm of a probability"),
            minimum=Claim(False, "0 is only approached, as the target's logit grows"),
        ),
    ),
    Loss(
        function="sigmoid_focal_loss",
        classes=("SigmoidFocalLoss",),
        aliases=("binary focal loss", "RetinaNet loss"),
        family="classification",
        summary="Binary or multi-label, easy samples turned down: dense detection.",
        input="logits, any real number",
        target="0.0 or 1.0, floating point, same shape",
        mean="the number of elements; the default is `'none'`",
        shapes="`inputs` (*), `targets` (*)",
        twin=False,
        curve=Curve(
            {"inputs": "x", "targets": 1.0},
            (-6, 6),
            "x, with y = 1",
            sweep=("gamma", (0.0, 1.0, 2.0, 5.0)),
            slider=(0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0),
        ),
        more=(
            Curve(
                {"inputs": "x", "targets": 1.0},
                (-6, 6),
                "x, with y = 1",
                sweep=("alpha", (0.25, 0.5, 0.75)),
                slider=(0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0),
            ),
        ),
        properties=Properties(
            convex=Claim(False, "it bends down where the model is sure and wrong"),
            lipschitz=Claim(
                True,
                "0.75, the weight of a no, times the steepest slope, that at p = 0.058",
                0.8467,
            ),
            smooth=Claim(True, "a power of a probability times its logarithm"),
            symmetric=Claim(
                False, "a wrong logit costs about its size, a right one next to nothing", "sign"
            ),
            bounded=Claim(
                True,
                "0.75, the weight of a no, times the steepest slope, that at p = 0.058",
                0.8467,
            ),
            non_negative=Claim(True, "a square times minus the logarithm of a probability"),
            minimum=Claim(False, "0 is only approached, as the logit grows to its side"),
        ),
    ),
    Loss(
        function="batch_hard_triplet_loss",
        classes=("TripletLoss",),
        aliases=("batch-hard triplet loss", "hard triplet mining"),
        family="mining",
        summary="Embeddings with labels: hardest positive against hardest negative.",
        input="embeddings, any real number",
        target="labels, usually class indices, only compared with each other",
        mean="the number of anchors with a positive and a negative in the batch",
        shapes="`input` (N, D), `target` (N)",
        twin=False,
        curve=Curve(
            {"input": [[0.0], [1.0], ["x"]], "target": [0, 0, 1]},
            (-2, 4),
            "x₃, with x₁ = 0, x₂ = 1 and y = (1, 1, 2)",
            sweep=("margin", (0.3, 0.5, 1.0)),
            slider=(0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0),
            symbol="x₃",
        ),
        sources=("000",),
        properties=Properties(
            convex=Claim(False, "the distance to the negative is subtracted"),
            lipschitz=Claim(
                True, "the anchor moves for both distances, the others for one: 2² + 1 + 1", 6**0.5
            ),
            smooth=Claim(
                False, "a kink at the margin, and where another sample becomes the hardest"
            ),
            symmetric=Claim(False, "only the anchor is compared with the negative", "arguments"),
            bounded=Claim(
                True,
                "two unit vectors on the anchor, one on each of the others: 2² + 1 + 1",
                6**0.5,
            ),
            non_negative=Claim(True, "a hinge"),
            minimum=Claim(
                True,
                "wherever all negatives are farther than all positives by the `margin`",
                "loss == 0",
            ),
        ),
    ),
    Loss(
        function="triplet_semihard_loss",
        classes=("TripletSemihardLoss",),
        aliases=("semi-hard triplet loss", "semi-hard mining", "FaceNet loss"),
        family="mining",
        summary="Embeddings with labels: nearest negative beyond each positive (FaceNet).",
        input="embeddings, any real number",
        target="labels, usually class indices, only compared with each other",
        mean="the number of positive pairs whose anchor has a negative in the batch",
        shapes="`input` (N, D), `target` (N)",
        twin=False,
        curve=Curve(
            {"input": [[0.0], [1.0], ["x"]], "target": [0, 0, 1]},
            (-2, 4),
            "x₃, with x₁ = 0, x₂ = 1 and y = (1, 1, 2)",
            sweep=("margin", (0.2, 0.5, 1.0)),
            slider=(0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0),
            symbol="x₃",
        ),
        sources=("000",),
        properties=Properties(
            convex=Claim(False, "the distance to the negative is subtracted"),
            lipschitz=Claim(
                False,
                "it jumps where a negative comes nearer than the positive: the next one is chosen",
            ),
            smooth=Claim(False, "not even continuous"),
            symmetric=Claim(False, "only the anchor is compared with the negative", "arguments"),
            bounded=Claim(
                True,
                "two unit vectors on the anchor, one on each of the others: 2² + 1 + 1",
                6**0.5,
            ),
            non_negative=Claim(True, "a hinge"),
            minimum=Claim(
                True,
                "wherever the chosen negative is farther than the positive by the `margin`",
                "loss == 0",
            ),
        ),
    ),
    Loss(
        function="batch_all_triplet_loss",
        classes=("BatchAllTripletLoss",),
        aliases=("batch-all triplet loss", "all valid triplets"),
        family="mining",
        summary="Embeddings with labels: every triplet that still violates the margin.",
        input="embeddings, any real number",
        target="labels, usually class indices, only compared with each other",
        mean="the number of triplets with a loss above 0",
        shapes="`input` (N, D), `target` (N)",
        twin=False,
        curve=Curve(
            {"input": [[0.0], [1.0], ["x"]], "target": [0, 0, 1]},
            (-2, 4),
            "x₃, with x₁ = 0, x₂ = 1 and y = (1, 1, 2)",
            sweep=("margin", (0.3, 0.5, 1.0)),
            slider=(0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0),
            symbol="x₃",
        ),
        properties=Properties(
            convex=Claim(False, "the distance to the negative is subtracted"),
            lipschitz=Claim(
                True, "of a pair with one negative; with K of them √(5 K² + K)", 6**0.5
            ),
            smooth=Claim(False, "a kink at the margin, and where two embeddings are equal"),
            symmetric=Claim(False, "only the anchor is compared with the negative", "arguments"),
            bounded=Claim(True, "of a pair with one negative; with K of them √(5 K² + K)", 6**0.5),
            non_negative=Claim(True, "a sum of hinges"),
            minimum=Claim(
                True,
                "wherever all negatives are farther than the positive by the `margin`",
                "loss == 0",
            ),
        ),
    ),
)


def find(**wanted: bool) -> tuple[Loss, ...]:
    """Return the losses for which these properties hold, or do not: `find(convex=False)`."""
    return tuple(
        loss
        for loss in CATALOG
        if all(getattr(loss.properties, name).holds == holds for name, holds in wanted.items())
    )
