"""Reductions."""

import torch

from registry import operation


def over(a, x):
    """The axes of a reduction: all where none is named."""
    return a.Axes or list(range(x.dim()))


@operation("sum")
def sum_(a, x):
    return x.sum(over(a, x), keepdim=a.Keep) if x.dim() else x.sum()


@operation("mean")
def mean(a, x):
    return x.mean(over(a, x), keepdim=a.Keep) if x.dim() else x.mean()


@operation("argmax")
def argmax(a, x):
    return x.argmax(-1)
