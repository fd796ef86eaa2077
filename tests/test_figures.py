"""The figures: computed by the losses, small, readable, the same bytes again."""

from __future__ import annotations

import gzip
import math
import re
from pathlib import Path

import pytest
import torch

import losses
from losses.catalog import CATALOG, Curve, Record
from scripts import figures
from scripts.figures import curves, drawing, illustrations
from scripts.figures.gallery import PRINT, readme
from scripts.website import language

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "en"
each_loss = pytest.mark.parametrize("loss", CATALOG, ids=lambda loss: loss.function)
each_figure = pytest.mark.parametrize("name", [name for name, _ in figures.drawings()])
DRAWINGS = dict(figures.drawings())


# A part of it counts as a constant: its gradient is not the slope of its value.
STOPPED = {"complete_box_iou_loss"}


@pytest.mark.slow
@each_loss
def test_curves_are_computed_by_the_loss(loss: Record) -> None:
    for _, curve in figures.slices(loss.function):
        lines = curves.sample(loss.function, curve)
        lines += curves.sample(loss.function, curve, curve.slider) if curve.slider else []
        for line in lines:
            assert torch.isfinite(line.value).all()
            assert torch.isfinite(line.gradient).all()
            if loss.function in STOPPED:
                continue
            # The slope belongs to the curve: its integral is the rise.
            x = line.x.logit() if curve.probability else line.x
            area = torch.trapezoid(line.gradient, x)
            scale = line.gradient.abs().max() * (x[1] - x[0]) * 3 + 1e-6
            assert abs(area - (line.value[-1] - line.value[0])) <= scale


@each_loss
def test_sliders_pass_the_values_that_are_drawn(loss: Record) -> None:
    for _, curve in figures.slices(loss.function):
        if curve.slider:
            assert curve.sweep is not None
            assert set(curve.sweep[1]) < set(curve.slider)
            assert list(curve.slider) == sorted(curve.slider)


def test_a_small_setting_is_not_written_as_0() -> None:
    assert [curves.setting(value) for value in (1e-4, 3e-4, 0.0, -1.0)] == [
        "0.0001",
        "0.0003",
        "0",
        "−1",
    ]


def test_sliders_start_at_the_default() -> None:
    for name, start in (("focal_loss", "2"), ("cross_entropy", "0"), ("huber_loss", "1")):
        values = re.search(r'value="(\d+)" data-settings="([^"]*)"', DRAWINGS[name]())
        assert values
        assert values[2].split("|")[int(values[1])] == start


@each_loss
def test_walls_are_steep(loss: Record) -> None:
    for _, curve in figures.slices(loss.function):
        for wall in curve.walls:
            value = curve.sweep[1][1] if curve.sweep else None
            inward = 1 if wall <= curve.domain[0] else -1
            near = wall + inward * torch.tensor([1e-2, 1e-4], dtype=torch.float64)
            far, close = curves.evaluate(loss.function, curve, value, near)[1].abs()
            assert close > 10 * far


def test_a_batch_gives_what_single_points_give() -> None:
    curve = next(c for n, c in figures.slices("cross_entropy") if n == "cross_entropy-weight")
    x = torch.tensor([-1.0, 0.5], dtype=torch.float64)
    together = curves.evaluate("cross_entropy", curve, 2.0, x)
    for index in range(2):
        alone = curves.evaluate("cross_entropy", curve, 2.0, x[index : index + 1])
        for a, b in zip(together, alone, strict=True):
            torch.testing.assert_close(a[index], b[0])


@pytest.mark.parametrize("function", ["focal_loss", "sigmoid_focal_loss"])
def test_focal_losses_are_drawn_against_the_probability(function: str) -> None:
    curve = dict(figures.slices(function))[function]
    assert curve.probability
    assert curve.domain == (0, 1)
    assert curve.sweep is not None
    assert curve.sweep[0] == "gamma"
    for gamma, drawn in zip(curve.sweep[1], curves.sample(function, curve), strict=True):
        p = drawn.x
        assert 0 < p[0] < 0.005
        assert 0.995 < p[-1] < 1
        logits = p.logit().requires_grad_()
        if function == "focal_loss":
            rows = torch.stack((logits, torch.zeros_like(p)), dim=1)
            target = torch.zeros(len(p), dtype=torch.long)
            loss = losses.focal_loss(rows, target, gamma, reduction="none")
        else:
            loss = losses.sigmoid_focal_loss(logits, torch.ones_like(p), -1, gamma)
        (gradient,) = torch.autograd.grad(loss.sum(), logits)
        torch.testing.assert_close(drawn.value, loss.detach())
        torch.testing.assert_close(drawn.gradient, gradient)
        # As the paper draws it.
        torch.testing.assert_close(drawn.value, -((1 - p) ** gamma) * p.log())


def line(function: str, name: str = "", **wanted: object) -> curves.Line:
    curve = dict(figures.slices(function))[name or function]
    lines = curves.sample(function, curve)
    return next(line for line in lines if not wanted or line.name.endswith(str(*wanted.values())))


def test_marks_stand_where_the_mathematics_puts_them() -> None:
    assert curves.corners(line("l1_loss")) == [(0.0, 0.0)]
    assert curves.corners(line("mse_loss")) == []
    assert curves.lowest(line("mse_loss")) == (0.0, 0.0)
    (corner,) = curves.corners(line("margin_ranking_loss", margin=0.5))
    assert corner == pytest.approx((0.5, 0.0), abs=1e-9)
    assert curves.corners(line("binary_cross_entropy")) == []  # steep is no kink
    softplus = dict(figures.slices("soft_margin_loss"))["soft_margin_loss"]
    assert set(curves.asymptotes("soft_margin_loss", softplus)) == {(-1, 0), (0, 0), (1, 0)}
    parabola = dict(figures.slices("mse_loss"))["mse_loss"]
    assert curves.asymptotes("mse_loss", parabola) == []


def test_descriptions_follow_the_values() -> None:
    assert curves.course(line("mse_loss", weight=1), "value") == (
        "9 at −3, falls to 0 at 0, rises to 9 at 3."
    )
    assert curves.course(line("margin_ranking_loss", margin="= 0"), "value") == (
        "3 at −3, falls to 0 at 0, stays until 3."
    )


@pytest.mark.slow
@each_figure
def test_figures_are_small_described_and_in_the_pages_colours(name: str) -> None:
    drawn = DRAWINGS[name]()
    assert len(gzip.compress(drawn.encode(), mtime=0)) <= 10_000
    panels = re.findall(r"<svg .*?</svg>", drawn, re.DOTALL)
    assert panels
    for panel in panels:
        described = re.search(r'role="img" aria-label="([^"]+)"', panel)
        assert described and len(described[1]) > 40
        assert "nan" not in described[1]
        assert re.search(r"\d", described[1]), "an alternative without a number"
        sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", panel)]
        # A panel is 350 px wide on a phone of 390 px.
        width = float(re.search(r'viewBox="0 0 ([\d.]+)', panel)[1])
        assert min(sizes) * 350 / width >= 10
    assert not re.search(r"#[0-9a-f]{6}", re.sub(r"url\(#\w+\)|href=\"#\w+\"", "", drawn)), "fixed"


def test_level_lines_of_probabilities_are_named_beside_the_triangle() -> None:
    drawn = DRAWINGS["cross_entropy_plane"]().split("<svg ")[2]
    at = {name: float(x) for x, name in re.findall(r'<text[^>]* x="([\d.]+)"[^>]*>(.*?)<', drawn)}
    apex, corner = at["p₁ = 1"], at["p₃ = 1"]
    for level in (0.1, 0.3, 1.5, 3.0):
        edge = apex + (corner - apex) * (1 - math.exp(-level))
        assert at[drawing.number(level)] == pytest.approx(edge + 5, abs=0.5)


def test_lines_differ_in_more_than_colour() -> None:
    for loss in CATALOG:
        for _, curve in figures.slices(loss.function):
            assert len(curve.sweep[1] if curve.sweep else ()) <= len(drawing.DASHES)


@pytest.mark.slow
def test_figures_are_the_same_bytes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    curve = dict(figures.slices("smooth_l1_loss"))["smooth_l1_loss"]
    draw = lambda: curves.draw("t", "smooth_l1_loss", curve)
    first = draw()
    monkeypatch.setattr(curves, "SAMPLED", {})
    assert draw() == first
    for name in ("ctc_lattice", "imbalance"):
        make = drawing.PICTURES[name].make
        assert make(name) == make(name)


def test_an_unchanged_figure_is_not_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "CACHE", tmp_path)
    drawn: list[str] = []
    draw = lambda: drawing.cached(
        "t", ["l1_loss"], lambda: drawn.append(language.gettext("x") and "x") or "svg"
    )
    assert [draw(), draw()] == ["svg", "svg"]
    assert drawn == ["x"]
    monkeypatch.setattr(language.context, "translations", {"value": "值"})
    draw()
    assert drawn == ["x"], "a translation of what it does not say"
    monkeypatch.setattr(language.context, "translations", {"x": "值"})
    draw()
    assert drawn == ["x", "x"]


def test_a_figure_depends_on_its_module_and_helpers() -> None:
    names = {path.stem for path in drawing.sources("losses.mining._batch_hard_triplet_loss")}
    assert {"_batch_hard_triplet_loss", "_mining", "_checks", "_reduction"} <= names


def test_all_words_can_be_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        language.context,
        "translations",
        {"value": "值", "gradient": "梯度", "● lowest point": "● 最低点"},
    )
    curve = dict(figures.slices("mse_loss"))["mse_loss"]
    drawn = curves.draw("t", "mse_loss", curve)
    assert "值 ℓ" in drawn
    assert "梯度 ∂ℓ/∂x" in drawn
    assert "最低点" in drawn
    assert "lowest point" not in drawn


def test_the_words_on_the_axes_and_of_comparisons_can_be_translated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    curve = Curve({"input": "x", "target": 0.0}, (-1, 1), "error of the prediction")
    words = {"error of the prediction": "预测误差", "absolute": "绝对"}
    monkeypatch.setattr(language.context, "translations", words)
    drawn = curves.compare("t", [("absolute", "l1_loss", curve)], curve.label)
    assert "预测误差" in drawn
    assert "绝对" in drawn
    assert not re.search("|".join(words), drawn)


def test_mined_triplets_are_those_of_the_strategy() -> None:
    distance = torch.cdist(illustrations.POINTS, illustrations.POINTS)
    same = illustrations.LABELS[:, None] == illustrations.LABELS
    hard = illustrations.chosen("batch_hard_triplet_loss")
    assert hard
    for a, p, n in hard:
        assert distance[a, p] == distance[a][same[a]].max()
        assert distance[a, n] == distance[a][~same[a]].min()
    semi = illustrations.chosen("triplet_semihard_loss")
    assert semi
    for a, p, n in semi:
        beyond = [d for d in distance[a][~same[a]].tolist() if d > distance[a, p]]
        expected = min(beyond) if beyond else float(distance[a][~same[a]].max())
        assert float(distance[a, n]) == pytest.approx(expected)
    violating = {
        (a, p, n)
        for a in range(10)
        for p in range(10)
        for n in range(10)
        if same[a, p] and a != p and not same[a, n]
        if distance[a, n] < distance[a, p] + illustrations.MARGIN
    }
    assert set(illustrations.chosen("batch_all_triplet_loss")) == violating


def test_pictures_are_shown_somewhere() -> None:
    text = "".join(path.read_text("utf-8") for path in PAGES.rglob("*.md"))
    for name, picture in drawing.PICTURES.items():
        assert picture.pages or f"{{{{ figure {name} }}}}" in text, name
    for name in figures.COMPARISONS:
        assert f"{{{{ compare {name} }}}}" in text


def test_comparisons_link_both_ways() -> None:
    for path in (PAGES / "comparisons").glob("*.md"):
        targets = re.findall(r"\.\./losses/(\w+)\.md", path.read_text("utf-8"))
        assert targets, path.name
        back = [
            target
            for target in set(targets)
            if f"comparisons/{path.name}" in (PAGES / "losses" / f"{target}.md").read_text("utf-8")
        ]
        assert len(back) >= 2, f"{path.name} is linked from {back} only"


def test_the_readmes_picture_is_current() -> None:
    current = (ROOT / "docs" / "readme.svg").read_text("utf-8")
    assert readme() == current, "run python -m scripts.figures"


@pytest.mark.parametrize("background", ["#ffffff", "#0d1117"])
def test_the_readmes_picture_stands_out_from_both_backgrounds(background: str) -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    for colour in PRINT.values():
        low, high = sorted((luminance(colour), luminance(background)))
        assert (high + 0.05) / (low + 0.05) >= 3.8, colour
