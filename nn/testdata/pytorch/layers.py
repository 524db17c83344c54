"""Runs layers of PyTorch as nn/pytorch_test.go asks, read from standard input.

Each is asked as its constructor, its variables, and inputs with upstream
gradients: a training step for each, then an evaluation of the last input.
"""

import json
import sys

import torch
from torch import nn


def answer(q):
    dtype = getattr(torch, q["dtype"])

    def tensor(v):
        return torch.tensor(v["data"], dtype=torch.int64 if v["name"].endswith("num_batches_tracked") else dtype).reshape(v["shape"])

    layer = eval(q["layer"], {"nn": nn, "torch": torch}).to(dtype)
    layer.load_state_dict({v["name"]: tensor(v) for v in q["variables"]})
    results = {}
    for i, (x, g) in enumerate(zip(q["inputs"], q["upstream"])):
        x, g = tensor(x).requires_grad_(), tensor(g)
        layer.zero_grad()
        y = layer(x)
        y.backward(g)
        results[f"step {i} output"] = y
        results[f"step {i} gradient"] = x.grad
        results.update({f"step {i} gradient of {name}": p.grad.clone() for name, p in layer.named_parameters()})
    layer.eval()
    results["evaluation"] = layer(x)
    results.update(layer.state_dict())
    return {name: {"shape": list(v.shape), "data": v.detach().flatten().tolist()} for name, v in results.items()}


torch.set_num_threads(1)
json.dump([answer(q) for q in json.load(sys.stdin)], sys.stdout)
