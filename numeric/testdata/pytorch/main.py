"""Answers what float32 numbers are in PyTorch's 16-bit formats, and back.

    python3 main.py < question.json > answer.json

The question, written by pytorch_test.go, holds
    bits       of float32 numbers, as integers
and the answer, for each dtype of the two, "float16" and "bfloat16",
    codes      of those numbers
    values     of all 65536 codes, as the bits of float32 numbers
"""

import json
import sys

import torch


def signed(values, bits):
    """Unsigned integers as PyTorch has them: by two's complement."""
    return [v - (1 << bits) if v >> (bits - 1) else v for v in values]


def unsigned(tensor, bits):
    return [v % (1 << bits) for v in tensor.tolist()]


def answer(numbers, dtype):
    every = torch.tensor(signed(range(1 << 16), 16), dtype=torch.int16)
    return {
        "codes": unsigned(numbers.to(dtype).view(torch.int16), 16),
        "values": unsigned(every.view(dtype).to(torch.float32).view(torch.int32), 32),
    }


question = json.load(sys.stdin)
numbers = torch.tensor(signed(question["bits"], 32), dtype=torch.int32).view(torch.float32)
json.dump({name: answer(numbers, getattr(torch, name)) for name in ("float16", "bfloat16")}, sys.stdout)
