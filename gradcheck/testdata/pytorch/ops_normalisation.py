"""Normalisations."""

import torch
import torch.nn.functional as F

from registry import absent, operation


def row(x, gain):
    return x.shape[-1:] if gain is None else gain.shape


@operation("layer_norm")
def layer_norm(a, x, gain=None, bias=None):
    return F.layer_norm(x, row(x, gain), gain, bias, a.Eps)


@operation("rms_norm")
def rms_norm(a, x, gain=None):
    axes = list(range(-len(row(x, gain)), 0))
    z = x * torch.rsqrt(x.square().mean(axes, keepdim=True) + a.Eps)
    return z if gain is None else z * gain


def gradient(norm):
    """The gradients of a normalisation, as functions of what they depend on."""

    def f(a, x, g, gain=None):
        wrt = [x] if gain is None else [x, gain, torch.zeros_like(gain).requires_grad_()]
        y = norm(a, *wrt)
        return torch.autograd.grad(y, wrt, g, create_graph=True)

    return f


operation("layer_norm_grad")(gradient(layer_norm))
operation("rms_norm_grad")(gradient(lambda a, x, gain=None, bias=0: rms_norm(a, x, gain) + bias))


def affine(x, gain, bias):
    shape = [1, -1] + [1] * (x.dim() - 2)
    return x if gain is None else x * gain.reshape(shape) + bias.reshape(shape)


@operation("group_norm")
def group_norm(a, x, gain=None, bias=None):
    return F.group_norm(x, a.Groups, gain, bias, a.Eps) if x.numel() > 0 else affine(x + 0, gain, bias)


@operation("instance_norm")
def instance_norm(a, x, gain=None, bias=None):
    return F.instance_norm(x, weight=gain, bias=bias, eps=a.Eps) if x.numel() > 0 else affine(x + 0, gain, bias)


@operation("local_response_norm")
def local_response_norm(a, x):
    return F.local_response_norm(x, a.Size, a.Alpha, a.Beta, a.K)


absent("a part of local_response_norm", "channel_window")
absent("random numbers of another generator", "dropout2d", "drop_path")
