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


@operation("argmax_last")
def argmax_last(a, x):
    return x.argmax(-1)


@operation("var")
def var(a, x):
    return x.var(over(a, x), correction=a.Correction, keepdim=a.Keep)


@operation("std")
def std(a, x):
    return x.std(over(a, x), correction=a.Correction, keepdim=a.Keep)


@operation("max")
def amax(a, x):
    return x.amax(over(a, x), keepdim=a.Keep)


@operation("min")
def amin(a, x):
    return x.amin(over(a, x), keepdim=a.Keep)


@operation("prod")
def prod(a, x):
    for axis in sorted(range(x.dim())[i] for i in over(a, x))[::-1]:
        x = x.prod(axis, keepdim=a.Keep)
    return x


@operation("cumsum")
def cumsum(a, x):
    return x.flip(a.Axis).cumsum(a.Axis).flip(a.Axis) if a.Reverse else x.cumsum(a.Axis)


@operation("logsumexp")
def logsumexp(a, x):
    return x.logsumexp(over(a, x), keepdim=a.Keep)


def extreme(of, a, x):
    """The index of an extreme along an axis, or among all."""
    if a.Axes:
        return of(x, a.Axes[0], keepdim=a.Keep)
    return of(x).reshape([1] * x.dim() if a.Keep else [])


@operation("argmax")
def argmax(a, x):
    return extreme(torch.argmax, a, x)


@operation("argmin")
def argmin(a, x):
    return extreme(torch.argmin, a, x)


@operation("any")
def any_(a, x):
    for axis in sorted(range(x.dim())[i] for i in over(a, x))[::-1]:
        x = x.any(axis, keepdim=a.Keep)
    return x


@operation("all")
def all_(a, x):
    for axis in sorted(range(x.dim())[i] for i in over(a, x))[::-1]:
        x = x.all(axis, keepdim=a.Keep)
    return x


@operation("sort_last")
def sort_last(a, x):
    return torch.sort(x, -1, a.Order)


@operation("sort")
def sort(a, x):
    return torch.sort(x, a.Axis, a.Order)


@operation("argsort")
def argsort(a, x):
    return torch.argsort(x, a.Axis, a.Order)


@operation("topk")
def topk(a, x):
    return torch.topk(x, a.K, a.Axis, a.Order)


@operation("norm")
def norm(a, x):
    return torch.linalg.vector_norm(x, float(a.P), over(a, x), keepdim=a.Keep)


@operation("largest_magnitude")
def largest_magnitude(_, x):
    rows = x.detach().abs().reshape(x.shape[0], -1) if x.numel() else x.new_zeros(x.shape[0], 1)
    return rows.amax(1)
