"""Import a part of a library whose package does not import beside this torch alone."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

OPERATORS: list[torch.library.Library] = []  # they live as long as what defined them


def part(name: str) -> Any:
    """Import a module without the `__init__` of the packages that it stands in.

    Those would want a model hub, a trainer, or a compiled extension that no loss needs.
    """
    places: list[str] | None = None
    package = ""
    for word in name.split(".")[:-1]:
        package = f"{package}.{word}" if package else word
        if package not in sys.modules:
            found = PathFinder.find_spec(package, places)
            if found is None or found.submodule_search_locations is None:
                raise ModuleNotFoundError(f"no package is called {package}", name=package)
            empty = ModuleType(package)
            empty.__path__ = list(found.submodule_search_locations)
            sys.modules[package] = empty
        places = list(sys.modules[package].__path__)
    return import_module(name)


def torchvision() -> Any:
    """Import torchvision, and with it whatever builds on it.

    Its compiled operators load beside its own torch alone. No loss needs them, but importing it
    asks for them by name.
    """
    if not OPERATORS:
        library = torch.library.Library("torchvision", "FRAGMENT")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        OPERATORS.append(library)
    return import_module("torchvision")


def keras() -> Any:
    """Import Keras, which is to compute with PyTorch."""
    os.environ["KERAS_BACKEND"] = "torch"
    return import_module("keras")


def optax(loss: str, *arguments: Tensor, **settings: Any) -> Tensor:
    """Call a loss of Optax with tensors."""
    function = getattr(import_module("optax.losses"), loss)
    arrays = [argument.detach().numpy() for argument in arguments]
    return torch.tensor(np.asarray(function(*arrays, **settings)))


def allrank() -> Any:
    """Import allRank's losses, without what it opens files in a cloud's storage with."""
    torchvision()
    files = sys.modules.setdefault("allrank.utils.file_utils", ModuleType("file_utils"))
    files.__getattr__ = lambda name: None  # type: ignore[method-assign]
    return import_module("allrank.models.losses")


def cross_encoder(name: str) -> Any:
    """Import a loss of sentence-transformers for rankers, without the ranker itself."""
    root = part("sentence_transformers.util").__path__[0]
    package = ModuleType("sentence_transformers.cross_encoder")
    package.__path__ = [str(Path(root).with_name("cross_encoder"))]
    package.CrossEncoder = object  # type: ignore[attr-defined]
    sys.modules.setdefault(package.__name__, package)
    losses = f"{package.__name__}.losses"
    of_lambda = part(f"{losses}.lambda_loss")
    for shared in ("LambdaLoss", "NoWeightingScheme"):
        setattr(sys.modules[losses], shared, getattr(of_lambda, shared))
    return part(f"{losses}.{name}")


def bi_encoder(name: str) -> Any:
    """Import a loss of sentence-transformers for embeddings, without the model that makes them."""
    package = "sentence_transformers"
    for module, needed in (
        ("sentence_transformer.model", "SentenceTransformer"),
        ("base.losses.merged_forward", "embed_columns"),
    ):
        empty = sys.modules.setdefault(f"{package}.{module}", ModuleType(module))
        setattr(empty, needed, object)
    return part(f"{package}.sentence_transformer.losses.{name}")


class Scores:
    """A ranker for these losses: the text that it scores for a query is the score."""

    num_labels, device = 1, "cpu"

    def preprocess(self, pairs: list[tuple[str, Tensor]], **settings: Any) -> dict[str, Tensor]:
        return {"scores": torch.stack([score for _, score in pairs])}

    def __call__(self, tokens: dict[str, Tensor]) -> dict[str, Tensor]:
        return tokens


def nodes(module: str) -> Iterator[ast.AST]:
    """Read a module that does not import, such as a trainer."""
    package, _, file = module.rpartition(".")
    spec = PathFinder.find_spec(package.partition(".")[0])
    assert spec is not None and spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]).joinpath(*package.split(".")[1:], f"{file}.py")
    return ast.walk(ast.parse(path.read_text("utf-8")))


def run(node: ast.stmt, module: str, **names: Any) -> dict[str, Any]:
    """Run a statement of such a module, and return all names after it."""
    names |= {"torch": torch, "F": torch.nn.functional}
    exec(compile(ast.Module([node], []), module, "exec"), names)
    return names


@cache
def extracted(module: str, name: str, *helpers: str) -> Any:
    """Lift one function out of a module that does not import, and those that it calls."""
    names = {helper: extracted(module, helper) for helper in helpers}
    for node in nodes(module):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            node.decorator_list = []
            return run(node, module, **names)[name]
    raise ImportError(f"{module} has no {name}", name=module)


def branches(module: str, first: str, says: str = "", **names: Any) -> dict[str, Any]:
    """Run the `if` and `elif`s that begin with this condition, and return all names after it.

    Where several begin with it, `says` are words of the one that is meant.
    """
    for node in nodes(module):
        if (
            isinstance(node, ast.If)
            and ast.unparse(node.test) == first
            and says in ast.unparse(node)
        ):
            return run(node, module, **names)
    raise ImportError(f"{module} has no 'if {first}'", name=module)


def default(module: str, field: str) -> Any:
    """Return the default of a field of a dataclass in a module that does not import."""
    for node in nodes(module):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == field:
            assert isinstance(node.value, ast.Call)
            given = {word.arg: word.value for word in node.value.keywords}
            return ast.literal_eval(given["default"])
    raise ImportError(f"{module} has no {field}", name=module)
