"""Answers how PyTorch computes the cases of Odyssey's table of operations.

    python3 main.py < question.json > answer.json

A question is written by TestOperationsAgainstPyTorch; an answer has the outputs of each
case, and the gradients of its float inputs under the upstream gradients given.
Tensors lie in one field of bytes, in base64.
"""

import base64
import importlib
import json
import math
import pathlib
import sys
import types

import torch

from registry import ABSENT, OPERATIONS

for path in sorted(pathlib.Path(__file__).parent.glob("ops_*.py")):
    importlib.import_module(path.stem)

DTYPES = {"float32": torch.float32, "float64": torch.float64, "int64": torch.int64, "int32": torch.int32, "bool": torch.bool, "uint8": torch.uint8}
NAMES = {torch.float32: "float32", torch.float64: "float64", torch.int64: "int64", torch.bool: "bool"}


class Answers:
    """Tensors one after the other, and where they lie."""

    def __init__(self):
        self.data = bytearray()

    def store(self, t):
        if t.dtype not in NAMES:
            t = t.to(torch.int64)
        t = t.detach().contiguous()
        at = len(self.data)
        if t.numel() > 0:
            self.data += bytes(t.flatten().view(torch.uint8).tolist()) if t.dtype != torch.bool else bytes(t.flatten().to(torch.uint8).tolist())
        return {"dtype": NAMES[t.dtype], "shape": list(t.shape), "offset": at}


def load(data, s):
    n = math.prod(s["shape"])
    if n == 0:
        return torch.zeros(s["shape"], dtype=DTYPES[s["dtype"]])
    return torch.frombuffer(data, dtype=DTYPES[s["dtype"]], count=n, offset=s["offset"]).reshape(s["shape"]).clone()


def answer(case, data, answers):
    name = case["name"]
    if name in ABSENT:
        return {"absent": ABSENT[name]}
    if name not in OPERATIONS:
        return {"error": f"no function for {name} in testdata/pytorch, nor is it in ABSENT"}
    inputs = [load(data, s) for s in case["in"]]
    smooth = [x.requires_grad_() for x in inputs if x.is_floating_point()]
    out = OPERATIONS[name](types.SimpleNamespace(**{k: [] if v is None else v for k, v in (case["attributes"] or {}).items()}), *inputs)
    out = list(out) if isinstance(out, (tuple, list)) else [out]
    ys, ups = [], []
    for y, s in zip(out, case["upstream"]):
        if s is not None and y.requires_grad:
            ys.append(y)
            ups.append(load(data, s))
    grads = torch.autograd.grad(ys, smooth, ups, allow_unused=True) if ys and smooth else [None] * len(smooth)
    return {
        "out": [answers.store(y) for y in out],
        "grad": [None if g is None else answers.store(g) for g in grads],
    }


def main():
    torch.set_num_threads(1)
    question = json.load(sys.stdin)
    data = bytearray(base64.b64decode(question["data"]))
    answers, replies = Answers(), []
    for case in question["cases"]:
        try:
            replies.append(answer(case, data, answers))
        except Exception as e:  # told case by case
            replies.append({"error": f"{type(e).__name__}: {e}"})
    json.dump({"cases": replies, "data": base64.b64encode(answers.data).decode()}, sys.stdout)


main()
