"""Arithmetic, functions of one number, activations."""

import torch
import torch.nn.functional as F

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
    return F.hardtanh(x, a.Min, a.Max)


functions(
    silu=F.silu, gelu=F.gelu, gelu_tanh=lambda x: F.gelu(x, approximate="tanh"), mish=F.mish, log_sigmoid=F.logsigmoid,
    selu=F.selu, prelu=F.prelu, relu6=F.relu6, hard_sigmoid=lambda x: F.relu6(x + 3) / 6,  # the gradient of F.hardsigmoid has 1/6 in float32
    hard_swish=F.hardswish, softsign=F.softsign,
    log_softmax=lambda x: F.log_softmax(x, -1),
)


@operation("softplus")
def softplus(a, x):
    return F.softplus(x, a.Beta or 1, a.Threshold or 20)


@operation("elu")
def elu(a, x):
    return F.elu(x, a.Alpha)


@operation("celu")
def celu(a, x):
    return F.celu(x, a.Alpha)


@operation("leaky_relu")
def leaky_relu(a, x):
    return F.leaky_relu(x, a.Slope)


@operation("glu")
def glu(a, x):
    return F.glu(x, a.Axis)


@operation("swiglu")
def swiglu(a, x):
    gate, value = x.chunk(2, a.Axis)
    return F.silu(gate) * value


@operation("softmax_along")
def softmax_along(a, x):
    return torch.softmax(x, a.Axis)


@operation("log_softmax_along")
def log_softmax_along(a, x):
    return torch.log_softmax(x, a.Axis)


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
absent("parts of gradients", "share", "within", "leak", "exp_linear_grad", "silu_grad", "gelu_grad", "gelu_tanh_grad", "mish_grad")
absent("what ELU, CELU and SELU are made of", "exp_linear")
absent("formats that PyTorch 1.13 lacks, but for two of 16 bits that package numeric compares code by code", "quantize", "round_to")
