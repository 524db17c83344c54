"""Convolutions and pooling."""

import torch
import torch.nn.functional as F

from registry import absent, operation


def sliding(a):
    return dict(stride=a.Stride or 1, padding=a.Padding, groups=a.Groups or 1)


@operation("conv2d")
def conv2d(a, x, w, b=None):
    return F.conv2d(x, w, b, **sliding(a))


@operation("conv2d_relu")
def conv2d_relu(a, x, w, b=None):
    return torch.relu(conv2d(a, x, w, b))


@operation("conv2d_input")
def conv2d_input(a, g, w):
    shape = (g.shape[0], w.shape[1] * (a.Groups or 1), a.Height, a.Width)
    return torch.nn.grad.conv2d_input(shape, w, g, **sliding(a))


@operation("conv2d_weight")
def conv2d_weight(a, x, g):
    shape = (g.shape[1], x.shape[1] // (a.Groups or 1), a.KernelH, a.KernelW)
    return torch.nn.grad.conv2d_weight(x, shape, g, **sliding(a))


@operation("max_pool2d")
def max_pool2d(a, x):
    return F.max_pool2d(x, a.Kernel, a.Stride or None, a.Padding)


@operation("avg_pool2d")
def avg_pool2d(a, x):
    return F.avg_pool2d(x, a.Kernel, a.Stride or None, a.Padding)


absent("parts of gradients", "conv2d_input_gate", "avg_pool2d_grad", "pool_scatter", "pool_scatter_gate", "pool_gather")
