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


losses(l1=F.l1_loss, binary_cross_entropy=F.binary_cross_entropy)


@operation("smooth_l1")
def smooth_l1(a, x, target):
    return F.smooth_l1_loss(x, target, reduction=a.Reduce, beta=a.Beta)


@operation("huber")
def huber(a, x, target):
    return F.huber_loss(x, target, reduction=a.Reduce, delta=a.Delta)


def checked(explicit, builtin):
    """What PyTorch gives with constant weights, with a gradient in them."""
    torch.testing.assert_close(explicit, builtin)
    return explicit


@operation("binary_cross_entropy_with_logits")
def binary_cross_entropy_with_logits(a, x, target, positive=None):
    if positive is None:
        return F.binary_cross_entropy_with_logits(x, target, reduction=a.Reduce)
    explicit = -(positive * target * F.logsigmoid(x) + (1 - target) * F.logsigmoid(-x))
    return checked(reduced(a, explicit), F.binary_cross_entropy_with_logits(x, target, pos_weight=positive.detach(), reduction=a.Reduce))


@operation("focal")
def focal(a, x, target):  # as torchvision.ops.sigmoid_focal_loss
    p = torch.sigmoid(x)
    truth = p * target + (1 - p) * (1 - target)
    loss = F.binary_cross_entropy_with_logits(x, target, reduction="none") * (1 - truth) ** a.Gamma
    if a.Alpha >= 0:
        loss = loss * (a.Alpha * target + (1 - a.Alpha) * (1 - target))
    return reduced(a, loss)


@operation("kl")
def kl(a, x, target):
    return F.kl_div(x, target, reduction=a.Reduce, log_target=a.LogTarget)


@operation("triplet_margin")
def triplet_margin(a, anchor, positive, negative):
    return F.triplet_margin_loss(anchor, positive, negative, a.Margin, a.P, swap=a.Swap, reduction=a.Reduce)


def weighed(x, q, weight, kept):
    """Logarithms of probabilities x, of [n c ...], against q."""
    return -(weight.reshape([1, -1] + [1] * (x.dim() - 2)) * q * x).sum(1) * kept


@operation("cross_entropy_loss")
def cross_entropy_loss(a, x, target, weight=None):
    ignore = a.Ignore[0] if a.Ignore else -100
    smoothing = dict(label_smoothing=a.Smoothing, reduction=a.Reduce, ignore_index=ignore)
    if weight is None:
        return F.cross_entropy(x, target, **smoothing)
    builtin = F.cross_entropy(x, target, weight.detach(), **smoothing)
    classes = x.shape[1]
    if target.is_floating_point():
        q, kept, total = target, 1, None
    else:
        q, kept, total = labels(target, classes, weight, ignore, x.dtype)
    q = (1 - a.Smoothing) * q + a.Smoothing / classes
    return checked(averaged(a, weighed(torch.log_softmax(x, 1), q, weight, kept), total), builtin)


def labels(target, classes, weight, ignore, dtype):
    """Distributions that are 1 at the label, which labels count, and the sum of their weights."""
    kept = (target != ignore).to(dtype)
    safe = torch.where(target != ignore, target, torch.zeros_like(target))
    return F.one_hot(safe, classes).to(dtype).movedim(-1, 1), kept, (weight[safe] * kept).sum()


def averaged(a, loss, total):
    return loss.sum() / total if a.Reduce == "mean" and total is not None else reduced(a, loss)


@operation("nll")
def nll(a, x, label, weight=None):
    ignore = a.Ignore[0] if a.Ignore else -100
    if weight is None:
        return F.nll_loss(x, label, ignore_index=ignore, reduction=a.Reduce)
    builtin = F.nll_loss(x, label, weight.detach(), ignore_index=ignore, reduction=a.Reduce)
    q, kept, total = labels(label, x.shape[1], weight, ignore, x.dtype)
    return checked(averaged(a, weighed(x, q, weight, kept), total), builtin)


absent("parts of losses", "clipped_log", "ignore_labels")
