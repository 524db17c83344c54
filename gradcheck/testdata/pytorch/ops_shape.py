"""What moves elements."""

import torch

from registry import operation

DTYPES = {"float32": torch.float32, "float64": torch.float64}


@operation("broadcast_to")
def broadcast_to(a, x):
    return x.broadcast_to(a.Shape)


@operation("reshape")
def reshape(a, x):
    return x.reshape(a.Shape)


@operation("permute")
def permute(a, x):
    return x.permute(a.Axes)


@operation("one_hot")
def one_hot(a, label):
    return torch.nn.functional.one_hot(label, a.Classes).to(DTYPES[a.DType])
