"""Arithmetic, functions of one number, activations."""

import torch

from registry import OPERATIONS, absent, functions, operation

DTYPES = {"float32": torch.float32, "float64": torch.float64, "int32": torch.int32, "int64": torch.int64, "bool": torch.bool}

functions(
    add=torch.add, sub=torch.sub, mul=torch.mul, div=torch.div, neg=torch.neg,
    exp=torch.exp, log=torch.log, sqrt=torch.sqrt, tanh=torch.tanh, erf=torch.erf, sigmoid=torch.sigmoid,
    floor=lambda x: torch.floor(x.detach()),
    relu=torch.relu,
    gate=lambda x, g: torch.where(x > 0, g, torch.zeros_like(g)),
    softmax=lambda x: torch.softmax(x, -1),
)

functions(
    abs=torch.abs, sign=torch.sign, square=torch.square, reciprocal=torch.reciprocal, rsqrt=torch.rsqrt,
    exp2=torch.exp2, expm1=torch.expm1, log2=torch.log2, log1p=torch.log1p, sin=torch.sin, cos=torch.cos, pow=torch.pow,
    ceil=torch.ceil, round=torch.round, trunc=torch.trunc,
    maximum=torch.maximum, minimum=torch.minimum, mod=torch.remainder, fmod=torch.fmod,
)


@operation("pow_const")
def pow_const(a, x):
    return torch.pow(x, a.Exponent)


@operation("clip")
def clip(a, x):
    return torch.clamp(x, a.Min, a.Max)


@operation("hard_tanh")
def hard_tanh(a, x):
    return torch.nn.functional.hardtanh(x, a.Min, a.Max)


functions(
    equal=torch.eq, not_equal=torch.ne, less=torch.lt, less_equal=torch.le, greater=torch.gt, greater_equal=torch.ge,
    is_nan=torch.isnan, is_inf=torch.isinf, is_finite=torch.isfinite,
    where=torch.where,
)
OPERATIONS.update({
    "and": lambda a, x, y: torch.logical_and(x, y),
    "or": lambda a, x, y: torch.logical_or(x, y),
    "xor": lambda a, x, y: torch.logical_xor(x, y),
    "not": lambda a, x: torch.logical_not(x),
})


@operation("cast")
def cast(a, x):
    return x.to(DTYPES[a.To])


absent("random numbers of another generator", "dropout", "next_key")

functions(mul_add=lambda a, b, c: a * b + c)
absent("parts of gradients", "share", "within")
