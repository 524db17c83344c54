"""Answers what PyTorch measures.

    python3 main.py < question.json > answer.json

The question, written by pytorch_test.go, is a list of sets, as that of ../sklearn/main.py is, with
    bins  of the calibration error
and the answer is, for each set, the value of each metric by its name, and the softmax of the scores.
PyTorch 1.13 has no calibration error; it is worked out here as in Guo et al. (2017).
"""

import json
import sys

import torch
import torch.nn.functional as F


def share_in_top(scores, labels, k):
    return (scores.topk(k).indices == labels[:, None]).any(1).double().mean().item()


def calibration_error(scores, labels, bins):
    confidence, predicted = scores.softmax(1).max(1)
    limits = torch.arange(bins + 1, dtype=torch.float64) / bins
    error = torch.zeros(())
    for low, high in zip(limits[:-1], limits[1:]):
        here = (confidence > low) & (confidence <= high)
        if here.any():
            gap = (predicted == labels)[here].double().mean() - confidence[here].mean()
            error = error + here.double().mean() * gap.abs()
    return error.item()


def measure(ask):
    scores, labels = torch.tensor(ask["scores"], dtype=torch.float64), torch.tensor(ask["labels"])
    predictions, targets = (torch.tensor(ask[k], dtype=torch.float64) for k in ("predictions", "targets"))
    loss = F.cross_entropy(scores, labels)
    return {
        "softmax": scores.softmax(1).flatten().tolist(),
        "loss": loss.item(),
        "perplexity": loss.exp().item(),
        "accuracy": share_in_top(scores, labels, 1),
        "top3_accuracy": share_in_top(scores, labels, min(3, ask["classes"])),
        "calibration_error": calibration_error(scores, labels, ask["bins"]),
        "mae": F.l1_loss(predictions, targets).item(),
        "mse": F.mse_loss(predictions, targets).item(),
    }


json.dump([measure(ask) for ask in json.load(sys.stdin)], sys.stdout)
