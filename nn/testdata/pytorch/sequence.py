"""Answers what PyTorch's sequence layers make of Odyssey's parameters.

    python3 sequence.py < question.json > answer.json

A question is a list of cases: the layer as it is called in PyTorch, a type, the
parameters in the order of PyTorch's, the inputs, and how the layer is run on them.
An answer has the output and the gradients of their sum of squares, flat.
"""

import json
import sys

import torch
from torch import nn

DTYPES = {"float32": torch.float32, "float64": torch.float64, "int64": torch.int64}


def tensor(t):
    return torch.tensor(t["data"], dtype=DTYPES[t["dtype"]]).reshape(t["shape"])


def answer(case):
    dtype = DTYPES[case["dtype"]]
    layer = eval(case["layer"]).to(dtype)
    parameters = list(layer.parameters())
    for p, t in zip(parameters, case["parameters"], strict=True):
        p.data = tensor(t).to(dtype).reshape(p.shape)
    inputs = [tensor(t) for t in case["inputs"]]
    y = eval(case["run"])(layer, *inputs)
    grads = torch.autograd.grad((y * y).sum(), parameters)
    return {"out": y.flatten().tolist(), "grads": [g.flatten().tolist() for g in grads]}


torch.set_num_threads(1)
print(json.dumps([answer(c) for c in json.load(sys.stdin)]))
