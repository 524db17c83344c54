"""Convolutions and pooling."""

import torch
import torch.nn.functional as F

from registry import absent, operation


SLIDING = {"Stride": "stride", "Padding": "padding", "OutputPadding": "output_padding", "Dilation": "dilation"}


def sliding(a):
    """How a convolution slides: along both axes, where it has columns."""
    args = {"groups": a.Groups or 1}
    for name, arg in SLIDING.items():
        if not hasattr(a, name):
            continue
        along = [getattr(a, name)]
        if hasattr(a, "Columns"):
            along.append(a.Columns[name] if any(a.Columns.values()) else along[0])
        args[arg] = [v or 1 for v in along] if name in ("Stride", "Dilation") else along
    return args


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
def conv2d_weight(a, x, g, start=0):
    shape = (g.shape[1], x.shape[1] // (a.Groups or 1), a.KernelH, a.KernelW)
    return start + torch.nn.grad.conv2d_weight(x, shape, g, **sliding(a))


def window(a):
    """Kernel, stride and padding of a pooling over images, each along both axes."""
    rows, c = (a.Kernel, a.Stride, a.Padding), a.Columns
    columns = (c["Kernel"], c["Stride"], c["Padding"])
    if columns == (0, 0, 0):
        columns = rows
    kernel, stride, padding = zip(rows, columns)
    return kernel, [s or k for s, k in zip(stride, kernel)], padding


@operation("conv1d")
def conv1d(a, x, w, b=None):
    return F.conv1d(x, w, b, **sliding(a))


@operation("conv_transpose2d")
def conv_transpose2d(a, x, w, b=None):
    return F.conv_transpose2d(x, w, b, **sliding(a))


@operation("conv_transpose1d")
def conv_transpose1d(a, x, w, b=None):
    return F.conv_transpose1d(x, w, b, **sliding(a))


@operation("max_pool2d")
def max_pool2d(a, x):
    if a.BinsH:
        return F.adaptive_max_pool2d(x, (a.BinsH, a.BinsW))
    return F.max_pool2d(x, *window(a), ceil_mode=a.Ceil)


@operation("avg_pool2d")
def avg_pool2d(a, x):
    if a.BinsH:
        return F.adaptive_avg_pool2d(x, (a.BinsH, a.BinsW))
    return F.avg_pool2d(x, *window(a), ceil_mode=a.Ceil, count_include_pad=not a.ExcludePadding)


@operation("max_pool1d")
def max_pool1d(a, x):
    return F.max_pool1d(x, a.Kernel, a.Stride or None, a.Padding, ceil_mode=a.Ceil)


@operation("avg_pool1d")
def avg_pool1d(a, x):
    return F.avg_pool1d(x, a.Kernel, a.Stride or a.Kernel, a.Padding, a.Ceil, not a.ExcludePadding)


@operation("adaptive_max_pool2d")
def adaptive_max_pool2d(a, x):
    return F.adaptive_max_pool2d(x, (a.Height, a.Width))


@operation("adaptive_avg_pool2d")
def adaptive_avg_pool2d(a, x):
    return F.adaptive_avg_pool2d(x, (a.Height, a.Width))


@operation("adaptive_max_pool1d")
def adaptive_max_pool1d(a, x):
    return F.adaptive_max_pool1d(x, a.Width)


@operation("adaptive_avg_pool1d")
def adaptive_avg_pool1d(a, x):
    return F.adaptive_avg_pool1d(x, a.Width)


@operation("global_max_pool")
def global_max_pool(a, x):
    return x.flatten(2).amax(2)


@operation("global_avg_pool")
def global_avg_pool(a, x):
    return x.flatten(2).mean(2)


def upsampled(a, x, linear):
    size = [n for n in (getattr(a, "Height", 0), a.Width) if n] or None
    args = dict(mode=linear, align_corners=a.AlignCorners) if a.Linear else dict(mode="nearest")
    return F.interpolate(x, size, a.Scale or None, **args)


@operation("upsample2d")
def upsample2d(a, x):
    if a.Row:
        return upsampled(a, x.squeeze(2), "linear").unsqueeze(2)
    return upsampled(a, x, "bilinear")


@operation("upsample1d")
def upsample1d(a, x):
    return upsampled(a, x, "linear")


absent("parts of gradients", "upsample2d_grad", "conv2d_input_gate", "avg_pool2d_grad", "pool_scatter", "pool_scatter_gate", "pool_gather")
absent("packed types are this library's", "linear_packed", "matmul_packed", "conv2d_packed")
