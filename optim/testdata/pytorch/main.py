"""Answers what PyTorch's optimisers and schedules do.

    python3 main.py < question.json > answer.json

The question, written by pytorch_test.go, holds
    steps      how many
    shapes     of the parameters
    optimizers each a Python expression of `torch` and `params`, and a dtype
    schedules  each a Python expression of `s` (torch.optim.lr_scheduler) and `o`, an SGD
and the answer then
    optimizers for each the parameters after each step, one list after the other
    schedules  for each [learning rate, momentum] in each step
"""

import json
import sys
import warnings

import torch
from torch.optim import lr_scheduler

warnings.simplefilter("ignore")  # about schedules that are stepped before optimisers


def value(parameter, i):
    """The first value of an element."""
    return ((i * 37 + parameter * 101 + 11) % 41 - 20) / 20


def gradient(step, parameter, i):
    """The gradient of an element in a step."""
    return ((i * 7919 + step * 4801 + parameter * 1299) % 2003 - 1001) / 500 + value(parameter, i) / 8


def filled(f, shape, dtype):
    n = torch.Size(shape).numel()
    return torch.tensor([f(i) for i in range(n)], dtype=torch.float64).to(dtype).reshape(shape)


def trajectory(question, ask):
    dtype = getattr(torch, ask["dtype"])
    params = [
        torch.nn.Parameter(filled(lambda i: value(p, i), shape, dtype)) for p, shape in enumerate(question["shapes"])
    ]
    optimizer = eval(ask["call"], {"torch": torch, "params": params})
    path = []
    for step in range(question["steps"]):
        for p, w in enumerate(params):
            w.grad = filled(lambda i: gradient(step, p, i), w.shape, dtype)
        optimizer.step()
        for w in params:
            path += w.detach().double().flatten().tolist()
    return path


def rates(question, ask):
    o = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    schedule = eval(ask, {"s": lr_scheduler, "o": o})
    path = []
    for step in range(question["steps"]):
        path += [o.param_groups[0]["lr"], o.param_groups[0]["momentum"]]
        if isinstance(schedule, lr_scheduler.ReduceLROnPlateau):
            schedule.step(1 + gradient(step // 5, 0, 0) / 10)
        else:
            schedule.step()
    return path


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)  # of what NAdam keeps
    question = json.load(sys.stdin)
    answer = {
        "optimizers": [trajectory(question, ask) for ask in question["optimizers"]],
        "schedules": [rates(question, ask) for ask in question["schedules"]],
    }
    json.dump(answer, sys.stdout)


main()
