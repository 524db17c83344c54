"""Losses."""

import torch
import torch.nn.functional as F

from registry import absent, operation


def losses(**by_name):
    """Adds losses of the inputs alone."""
    for name, f in by_name.items():
        operation(name)(lambda a, *inputs, f=f: f(*inputs, reduction=a.Reduce))


def reduced(a, loss):
    return {"mean": torch.mean, "sum": torch.sum, "none": lambda x: x}[a.Reduce](loss)


@operation("cross_entropy")
def cross_entropy(a, x, label):
    return F.cross_entropy(x, label, reduction="none")


absent("a part of gradients", "cross_entropy_grad")

losses(mse=F.mse_loss)


@operation("hinge")
def hinge(a, x, target):
    return reduced(a, torch.clamp(1 - target * x, min=0))


@operation("hinge_embedding")
def hinge_embedding(a, x, target):
    return F.hinge_embedding_loss(x, target.sign(), a.Margin or 1, reduction=a.Reduce)


@operation("cosine_embedding")
def cosine_embedding(a, x, y, target):
    return F.cosine_embedding_loss(x, y, target.sign(), a.Margin, reduction=a.Reduce)


@operation("ctc")
def ctc(a, x, labels, input_lengths, label_lengths):
    return F.ctc_loss(F.log_softmax(x, -1), labels, input_lengths, label_lengths, a.Blank, reduction=a.Reduce, zero_infinity=a.ZeroInfinity)


absent("parts of ctc", "ctc_paths", "ctc_paths_grad")
