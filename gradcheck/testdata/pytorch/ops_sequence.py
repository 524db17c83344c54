"""Attention, and what goes through sequences."""

import math

import torch

from registry import operation


def philox(counter, key):
    """Philox4x32-10 of Salmon et al., 2011."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [b >> 32 ^ c[1] ^ k[0], b & 0xFFFFFFFF, a >> 32 ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [k[0] + 0x9E3779B9 & 0xFFFFFFFF, k[1] + 0xBB67AE85 & 0xFFFFFFFF]
    return c


def kept(shape, key, p, dtype):
    """What Odyssey's dropout multiplies elements by."""
    seed, counter = key.tolist()
    words = []
    for i in range((math.prod(shape) + 3) // 4):
        words += philox((i, 0, counter, 0), (seed, 0))
    z = [0.0 if w < int(p * 2**32) else 1 / (1 - p) for w in words[: math.prod(shape)]]
    return torch.tensor(z, dtype=dtype).reshape(shape)


def weights(a, q, k, extras):
    """The scores [b h t s], and what dropout multiplies their softmax by."""
    k = k.repeat_interleave(q.shape[1] // k.shape[1], 1)
    scores = a.Scale * (q @ k.mT)
    if a.Masked:
        mask = extras[0]
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    if a.Causal:
        scores = scores.masked_fill(~torch.ones(scores.shape[-2:], dtype=torch.bool).tril(), -math.inf)
    z = kept(scores.shape, extras[-1], a.Dropout, scores.dtype) if a.Dropout else 1
    return scores, z


def heads_first(a, *xs):
    return [x.transpose(1, 2) for x in xs] if a.Rows else xs


@operation("attention")
def attention(a, q, k, v, *extras):
    q, k, v = heads_first(a, q, k, v)
    scores, z = weights(a, q, k, extras)
    lse = scores.logsumexp(-1) if scores.shape[-1] else scores.sum(-1)
    none = lse == -math.inf
    lse = lse.masked_fill(none, 0)
    p = (scores - lse.unsqueeze(-1)).exp()
    y = (p * z) @ v.repeat_interleave(q.shape[1] // k.shape[1], 1)
    return heads_first(a, y)[0], lse


@operation("attention_grad")
def attention_grad(a, q, k, v, g, lse, delta, *extras):
    q, k, v, g = heads_first(a, q, k, v, g)
    group = lambda x: x.unflatten(1, (k.shape[1], -1)).sum(2)
    scores, z = weights(a, q, k, extras)
    serves = q.shape[1] // k.shape[1]
    p = (scores - lse.unsqueeze(-1)).exp()
    ds = a.Scale * p * (g @ v.repeat_interleave(serves, 1).mT * z - delta.unsqueeze(-1))
    return tuple(heads_first(a, ds @ k.repeat_interleave(serves, 1), group(ds.mT @ q), group((p * z).mT @ g)))


def recurrent(f, a, states, x, *inputs):
    """Runs torch.lstm or one of its likes."""
    first, w = list(inputs[:states]), list(inputs[states:])
    layers = len(w) // 4 // (2 if a.Bidirectional else 1)
    return f(x, first if states > 1 else first[0], w, True, layers, 0.0, True, a.Bidirectional, a.BatchFirst)


@operation("rnn")
def rnn(a, *inputs):
    return recurrent(torch.rnn_relu if a.ReLU else torch.rnn_tanh, a, 1, *inputs)


@operation("gru")
def gru(a, *inputs):
    return recurrent(torch.gru, a, 1, *inputs)


@operation("lstm")
def lstm(a, *inputs):
    return recurrent(torch.lstm, a, 2, *inputs)


@operation("rotary")
def rotary(a, x):
    n = x.shape[-1]
    axis = -3 if a.Rows else -2
    shape = [1] * x.dim()
    shape[axis] = x.shape[axis]
    p = torch.arange(a.First, a.First + x.shape[axis], dtype=torch.float64).reshape(shape)
    angle = p * a.Base ** (-torch.arange(0, n, 2, dtype=torch.float64) / n) * (-1 if a.Back else 1)
    c, s = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    v, w = (x[..., ::2], x[..., 1::2]) if a.Interleaved else x.chunk(2, -1)
    y = v * c - w * s, w * c + v * s
    return torch.stack(y, -1).flatten(-2) if a.Interleaved else torch.cat(y, -1)
