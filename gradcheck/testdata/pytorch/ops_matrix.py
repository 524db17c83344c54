"""Products of matrices, and dense layers."""

import torch

from registry import functions, operation


@operation("matmul")
def matmul(a, x, y):
    return (x.mT if a.TransA else x) @ (y.mT if a.TransB else y)


functions(
    linear=torch.nn.functional.linear,
    linear_relu=lambda x, w, b=None: torch.relu(torch.nn.functional.linear(x, w, b)),
    linear_weight=lambda x, g: g.T @ x,
)
