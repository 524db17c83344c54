"""Products of matrices, and dense layers."""

import torch

from registry import functions, operation


@operation("matmul")
def matmul(a, x, y):
    trans = vars(a)
    return (x.mT if trans.get("TransA") else x) @ (y.mT if trans.get("TransB") else y)


functions(
    linear=torch.nn.functional.linear,
    linear_relu=lambda x, w, b=None: torch.relu(torch.nn.functional.linear(x, w, b)),
    linear_weight=lambda x, g, start=0: start + g.T @ x,
)


functions(dot=torch.dot, outer=torch.outer)


@operation("tril")
def tril(a, x):
    return x.tril(a.Diagonal)


@operation("triu")
def triu(a, x):
    return x.triu(a.Diagonal)


@operation("einsum")
def einsum(a, *xs):
    return torch.einsum(a.Equation, *xs)


@operation("solve")
def solve(a, x, y):
    x = x.mT if vars(a).get("Trans") else x
    if y.dim() == 1:
        return torch.linalg.solve(x, y.unsqueeze(-1)).squeeze(-1)
    return torch.linalg.solve(x, y)


@operation("cholesky")
def cholesky(a, x):
    return torch.linalg.cholesky(x)
