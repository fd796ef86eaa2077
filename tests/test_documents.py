"""The snippets of the four source documents, in the form in which they run.

Each is written anew from what the document's section does: undefined names are supplied, lost
indentation and lines restored, random inputs seeded, outdated calls replaced. Where a document
prints a number that follows from inputs that it prints too, the snippet must give that number;
where that number is wrong, the right one.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import losses
import losses as nn

# The inputs that the notes print.
X = torch.tensor([[0.6480, 0.6302], [0.1023, 0.6085]])
Y = torch.tensor([[0.0649, 0.0987], [0.4243, 0.3479]])
SCORES = torch.tensor(
    [[-0.5926, -0.2742, 0.4403], [-0.5851, 1.4676, 0.0196], [-0.4039, 0.2867, -0.3413]]
)
CLASSES = torch.tensor([0, 2, 1])


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def trains(loss: Tensor, *leaves: Tensor) -> None:
    """The snippets end in `backward()`: a finite loss, and a gradient for every leaf."""
    assert loss.ndim == 0
    assert torch.isfinite(loss)
    loss.backward()
    for leaf in leaves:
        assert leaf.grad is not None
        assert torch.isfinite(leaf.grad).all()


def leaf(*shape: int) -> Tensor:
    return torch.randn(*shape, requires_grad=True)


# The blog post


def embeddings() -> tuple[Tensor, Tensor]:
    return torch.randn(8, 4, requires_grad=True), torch.arange(8) // 2


def test_blog_post_triplet_semihard_loss() -> None:
    input, target = embeddings()
    for criterion in (
        nn.TripletSemihardLoss("cpu"),
        nn.TripletSemihardLoss(torch.device("cpu"), margin=0.3),
    ):
        input.grad = None
        trains(criterion(input, target), input)


def test_blog_post_triplet_loss_returns_the_distances_on_request() -> None:
    inputs, targets = embeddings()
    loss, distance = nn.TripletLoss(margin=0.3, mutual_flag=True)(inputs, targets)
    assert distance.shape == (8, 8)
    torch.testing.assert_close(loss, nn.TripletLoss(margin=0.3)(inputs, targets))
    trains(loss, inputs)


def loop_of_the_blog_post(inputs: Tensor, targets: Tensor, margin: float) -> Tensor:
    """The blog post's TripletLoss: the loop over the batch, with today's call of `addmm`."""
    n = len(inputs)
    square = inputs.pow(2).sum(dim=1, keepdim=True).expand(n, n)
    dist = (square + square.t()).addmm(inputs, inputs.t(), beta=1, alpha=-2)
    dist = dist.clamp(min=1e-12).sqrt()
    same = targets.expand(n, n).eq(targets.expand(n, n).t())
    hardest_positive = torch.stack([dist[i][same[i]].max() for i in range(n)])
    hardest_negative = torch.stack([dist[i][~same[i]].min() for i in range(n)])
    y = torch.ones_like(hardest_negative)
    return nn.MarginRankingLoss(margin=margin)(hardest_negative, hardest_positive, y)


def test_blog_post_both_classes_are_batch_hard() -> None:
    inputs, targets = embeddings()
    expected = loop_of_the_blog_post(inputs, targets, 0.3)
    torch.testing.assert_close(expected.item(), 1.56978, atol=1e-5, rtol=0)
    torch.testing.assert_close(nn.TripletLoss(margin=0.3)(inputs, targets), expected)


def test_blog_post_the_loop_fails_where_a_batch_has_one_class() -> None:
    inputs, targets = torch.randn(4, 2), torch.zeros(4, dtype=torch.long)
    with pytest.raises(RuntimeError, match="Expected reduction dim"):
        loop_of_the_blog_post(inputs, targets, 0.3)
    assert nn.TripletLoss()(inputs, targets) == 0


# The web page and the notebook


def test_web_page_loss_backward_fills_the_gradients() -> None:
    model = torch.nn.Linear(10, 1)
    criterion = nn.MSELoss()
    loss = criterion(model(torch.randn(16, 10)), torch.randn(16, 1))
    model.zero_grad()
    trains(loss, *model.parameters())


def test_web_page_bce() -> None:
    m, loss = torch.nn.Sigmoid(), nn.BCELoss()
    input = leaf(3)  # the line that the web page lost
    trains(loss(m(input), torch.empty(3).random_(2)), input)


def test_web_page_cross_entropy() -> None:
    input = leaf(3, 5)
    trains(nn.CrossEntropyLoss()(input, torch.empty(3, dtype=torch.long).random_(5)), input)


@pytest.mark.parametrize("cls", [nn.L1Loss, nn.MSELoss, nn.SmoothL1Loss])
def test_web_page_and_notebook_regression(cls: type[torch.nn.Module]) -> None:
    input = leaf(3, 5)
    trains(cls()(input, torch.randn(3, 5)), input)


def test_web_page_and_notebook_smooth_l1_against_l1() -> None:
    inputs = torch.linspace(-10, 10, steps=5000)
    target = torch.zeros_like(inputs)
    smooth = nn.SmoothL1Loss(reduction="none")(inputs, target)
    plain = nn.L1Loss(reduction="none")(inputs, target)
    torch.testing.assert_close(plain - smooth, plain.clamp(max=1) - plain.clamp(max=1) ** 2 / 2)


def test_web_page_and_notebook_poisson_with_counts() -> None:
    log_input = leaf(5, 2)
    trains(nn.PoissonNLLLoss()(log_input, torch.randint(5, (5, 2)).float()), log_input)


PROBABILITIES = torch.tensor([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
WANTED = torch.tensor([[0.9, 0.05, 0.05], [0.1, 0.7, 0.2]])


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")
@pytest.mark.filterwarnings("ignore:input has positive entries:UserWarning")
def test_web_page_and_notebook_kl_div_of_probabilities_is_no_divergence() -> None:
    printed = nn.KLDivLoss()(PROBABILITIES, WANTED)
    torch.testing.assert_close(printed.item(), -0.3335, atol=5e-5, rtol=0)
    right = nn.KLDivLoss(reduction="batchmean")(PROBABILITIES.log(), WANTED)
    torch.testing.assert_close(right.item(), 0.3553, atol=5e-5, rtol=0)


def test_web_page_and_notebook_margin_ranking() -> None:
    input1, input2 = leaf(3), leaf(3)
    trains(nn.MarginRankingLoss()(input1, input2, torch.randn(3).sign()))


PRINTED = {
    "MultiLabelMarginLoss": (
        (torch.tensor([[0.9, 0.2, 0.4, 0.8]]), torch.tensor([[3, 0, -1, 1]])),
        0.4500,
    ),
    "SoftMarginLoss": (
        (torch.tensor([[0.3, 0.7], [0.5, 0.5]]), torch.tensor([[-1.0, 1.0], [1.0, -1.0]])),
        0.6764,
    ),
    "MultiMarginLoss": (
        (torch.tensor([[0.3, 0.7], [0.5, 0.5]]), torch.tensor([0, 1])),
        0.6000,
    ),
    "HingeEmbeddingLoss": (
        (torch.tensor([[1.0, 0.8, 0.5]]), torch.tensor([[1, 1, -1]])),
        0.7667,
    ),
    "CosineEmbeddingLoss": (
        (
            torch.tensor([[0.3, 0.5, 0.7], [0.3, 0.5, 0.7]]),
            torch.tensor([[0.1, 0.3, 0.5], [0.1, 0.3, 0.5]]),
            torch.tensor([1.0, -1.0]),
        ),
        0.5000,
    ),
    "L1Loss": ((X, Y), 0.4243),
    "MSELoss": ((X, Y), 0.1985),
    "NLLLoss": ((SCORES, CLASSES), 0.0954),  # the notes print 0.0955, from more digits
    "CrossEntropyLoss": ((SCORES, CLASSES), 1.3714),
}


@pytest.mark.parametrize("name", PRINTED)
def test_printed_numbers(name: str) -> None:
    arguments, printed = PRINTED[name]
    value = getattr(nn, name)()(*arguments)
    torch.testing.assert_close(value.item(), printed, atol=5e-5, rtol=0)


def test_notebook_cosine_with_a_two_dimensional_target_is_refused() -> None:
    x1, x2, _ = PRINTED["CosineEmbeddingLoss"][0]
    with pytest.raises(RuntimeError, match="0D or 1D target tensor expected"):
        nn.CosineEmbeddingLoss()(x1, x2, torch.tensor([[1.0, -1.0]]))


def test_web_page_and_notebook_triplet_margin() -> None:
    anchor, positive, negative = leaf(100, 128), leaf(100, 128), leaf(100, 128)
    loss = nn.TripletMarginLoss(margin=1.0, p=2)(anchor, positive, negative)
    trains(loss, anchor, positive, negative)


@pytest.mark.parametrize("padded", [True, False])
def test_web_page_and_notebook_ctc(padded: bool) -> None:
    T, C, N, S = 50, 20, 16, 24  # the documents' names; twice S fits into T
    input = torch.randn(T, N, C).log_softmax(2).detach().requires_grad_()
    input_lengths = torch.full((N,), T)
    target_lengths = torch.randint(10 if padded else 1, S, (N,))
    size = (N, S) if padded else (int(target_lengths.sum()),)
    target = torch.randint(1, C, size)
    trains(nn.CTCLoss()(input, target, input_lengths, target_lengths), input)


def test_web_page_focal_loss() -> None:
    logits, target = leaf(6, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    trains(nn.FocalLoss(weight=torch.tensor([1.0, 2.0, 3.0]), gamma=2.0)(logits, target), logits)


def test_web_page_focal_loss_takes_a_weighted_probability() -> None:
    """With `weight`, the web page's exp(-CE) is not the probability of the class."""
    logits, target, weight = torch.tensor([[1.0, 0.0]]), torch.tensor([0]), torch.tensor([5.0, 1.0])
    ce = losses.cross_entropy(logits, target, weight=weight, reduction="none")
    theirs = ((1 - torch.exp(-ce)) ** 2 * ce).mean()
    ours = losses.focal_loss(logits, target, gamma=2.0, weight=weight, reduction="sum")
    torch.testing.assert_close(torch.exp(-ce).item(), 0.209, atol=5e-4, rtol=0)
    torch.testing.assert_close(theirs.item(), 0.980, atol=5e-4, rtol=0)
    torch.testing.assert_close(ours.item(), 0.113, atol=5e-4, rtol=0)


# The notes


def test_notes_size_average_still_works_with_a_warning() -> None:
    for cls in (nn.L1Loss, nn.MSELoss):
        with pytest.warns(UserWarning, match="please use reduction='mean'"):
            criterion = cls(size_average=True)
        torch.testing.assert_close(criterion(X, Y), cls()(X, Y))


def test_notes_cross_entropy_is_log_softmax_and_nll() -> None:
    softmax = torch.nn.Softmax(dim=1)  # the notes leave `dim` out, which warns
    two_steps = nn.NLLLoss()(softmax(SCORES).log(), CLASSES)
    torch.testing.assert_close(two_steps, nn.CrossEntropyLoss()(SCORES, CLASSES))


def test_notes_nll_loss_2d() -> None:
    m = torch.nn.Conv2d(16, 32, (3, 3))
    with pytest.warns(FutureWarning, match="NLLLoss2d"):
        loss = nn.NLLLoss2d()
    scores = m(torch.randn(3, 16, 10, 10))
    trains(loss(scores, torch.empty(3, 8, 8, dtype=torch.long).random_(0, 4)), *m.parameters())


def test_notes_kl_div_takes_no_weight() -> None:
    with pytest.raises(TypeError, match="weight"):
        nn.KLDivLoss(weight=None, size_average=True)  # type: ignore[call-arg]


def test_notes_hinge_embedding_takes_no_one_dimensional_target_for_a_matrix() -> None:
    with pytest.raises(RuntimeError, match="size of tensor"):
        nn.HingeEmbeddingLoss()(torch.rand(2, 3), torch.tensor([1.0, -1.0]))
