"""Batch normalisation."""

import torch
import torch.nn.functional as F

from registry import operation


@operation("batch_norm")
def batch_norm(a, x, gain, bias):
    axes = [i for i in range(x.dim()) if i != 1]
    y = F.batch_norm(x, None, None, gain, bias, True, 0, a.Eps) if x.shape[1] > 0 else x + 0
    return y, x.mean(axes), x.var(axes, unbiased=False)


@operation("batch_norm_with")
def batch_norm_with(a, x, mean, variance, gain, bias):
    # F.batch_norm gives no gradient to mean and variance
    m, v, g, b = (t.reshape([-1] + [1] * (x.dim() - 2)) for t in (mean, variance, gain, bias))
    return (x - m) / torch.sqrt(v + a.Eps) * g + b
