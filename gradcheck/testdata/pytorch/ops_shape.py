"""What moves elements."""

import torch

from registry import absent, operation

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


@operation("transpose")
def transpose(a, x):
    return x.transpose(a.A, a.B)


@operation("slice")
def slice_(a, x):
    for r in a.Ranges:
        n, end = x.shape[r["Axis"]], 2**63 - 1
        at = range(n)[r["Start"] : None if r["Stop"] == end else r["Stop"] : r["Step"] or 1]
        x = x.index_select(r["Axis"], torch.tensor(list(at), dtype=torch.int64))
    return x


@operation("concat")
def concat(a, *x):
    return torch.cat(x, a.Axis)


@operation("stack")
def stack(a, *x):
    return torch.stack(x, a.Axis)


@operation("split")
def split(a, x):
    return torch.split(x, a.Sizes, a.Axis)


@operation("chunk")
def chunk(a, x):
    return torch.chunk(x, a.Parts, a.Axis)


@operation("squeeze")
def squeeze(a, x):
    for axis in sorted(range(x.dim())[i] for i in a.Axes)[::-1]:
        x = x.squeeze(axis)
    return x if a.Axes else x.squeeze()


@operation("unsqueeze")
def unsqueeze(a, x):
    rank = x.dim() + len(a.Axes)
    for axis in sorted(range(rank)[i] for i in a.Axes):
        x = x.unsqueeze(axis)
    return x


@operation("flip")
def flip(a, x):
    return x.flip(a.Axes or list(range(x.dim())))


@operation("roll")
def roll(a, x):
    return x.roll(a.Shift, a.Axis)


@operation("tile")
def tile(a, x):
    return x.tile(a.Times)


@operation("repeat")
def repeat(a, x):
    return x.repeat_interleave(a.Times, a.Axis)


@operation("pad")
def pad(a, x):
    n = max(len(a.Before or []), len(a.After or []))
    before = [0] * (n - len(a.Before)) + a.Before
    after = [0] * (n - len(a.After)) + a.After
    amounts = [v for pair in list(zip(before, after))[::-1] for v in pair]
    if a.Mode == "constant":
        return torch.nn.functional.pad(x, amounts, value=a.Value)
    return torch.nn.functional.pad(x, amounts, a.Mode)


absent("a part of gradients", "place")


@operation("index_select")
def index_select(a, x, index):
    axis = range(x.dim())[a.Axis]
    return x.index_select(axis, index.flatten()).reshape(x.shape[:axis] + index.shape + x.shape[axis + 1 :])


@operation("index_sum")
def index_sum(a, x, index):
    rows = x.reshape(x.shape[: a.Axis] + (index.numel(),) + x.shape[a.Axis + index.dim() :])
    zeros = torch.zeros(rows.shape[: a.Axis] + (a.Size,) + rows.shape[a.Axis + 1 :], dtype=x.dtype)
    return zeros.index_add(a.Axis, index.flatten(), rows)


@operation("index_add")
def index_add(a, x, index, rows):
    return x.index_add(a.Axis, index, rows)


@operation("gather")
def gather(a, x, index):
    return x.gather(a.Axis, index)


@operation("scatter")
def scatter(a, x, index):
    shape = list(x.shape)
    shape[a.Axis] = a.Size
    return torch.zeros(shape, dtype=x.dtype).scatter_add(a.Axis, index, x)


@operation("scatter_add")
def scatter_add(a, x, index, values):
    return x.scatter_add(a.Axis, index, values)
