"""Arithmetic, functions of one number, activations."""

import torch

from registry import absent, functions, operation

DTYPES = {"float32": torch.float32, "float64": torch.float64, "int32": torch.int32, "int64": torch.int64, "bool": torch.bool}

functions(
    add=torch.add, sub=torch.sub, mul=torch.mul, div=torch.div, neg=torch.neg,
    exp=torch.exp, log=torch.log, sqrt=torch.sqrt, tanh=torch.tanh, erf=torch.erf, sigmoid=torch.sigmoid,
    floor=lambda x: torch.floor(x.detach()),
    relu=torch.relu,
    gate=lambda x, g: torch.where(x > 0, g, torch.zeros_like(g)),
    softmax=lambda x: torch.softmax(x, -1),
)


@operation("cast")
def cast(a, x):
    return x.to(DTYPES[a.To])


absent("random numbers of another generator", "dropout", "next_key")

functions(mul_add=lambda a, b, c: a * b + c)
