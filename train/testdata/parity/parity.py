"""Writes parity.json: the first losses of LeNet-5 in PyTorch, to be met by ours.

To run it, on Debian:

    apt-get install --no-install-recommends python3-torch python3-numpy libopenblas0-pthread
    OPENBLAS_NUM_THREADS=1 /usr/bin/python3 parity.py > parity.json

It reads no file: weights and batches come from integers, by formulas that any
language repeats bit for bit. All integers are unsigned, of 64 bits, and wrap.

    splitmix64(x):  z = x + 0x9E3779B97F4A7C15
                    z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
                    z = (z ^ z>>27) * 0x94D049BB133111EB
                    z ^ z>>31

Weights. Parameters are numbered p = 0 to 9 in the order of SHAPES, elements
j = 0, 1, ... in row-major order:

    k     = splitmix64(p<<32 | j) >> 40                 an integer below 2^24
    bound = float32(1 / sqrt(float64(fan_in)))          PyTorch's default, also for biases
    value = float32(float32(k - 2^23) / 2^23) * bound   only the product rounds, to float32

that is (2u - 1) * bound for u = k/2^24. The fan-in is the number of inputs of
one output: 25, 150, 400, 120, 84 for conv1, conv2, fc1, fc2, fc3.

Images. Step s = 0, 1, ... takes the images n = 64*s to 64*s + 63:

    label(n)       = splitmix64(1<<56 | n) % 47
    block(n, y, x) = splitmix64(2<<56 | label(n)<<16 | y/4<<8 | x/4) >> 63    one bit
    noise(n, y, x) = splitmix64(8<<56 | n<<16 | y<<8 | x) >> 59               below 32
    pixel(n, y, x) = block * 223 + noise                                      a uint8
    input          = (float32(pixel) / 255 - float32(0.1307)) / float32(0.3081)

with x the column, y the row, and each of the three steps of the last line
rounded to float32.

The 8 is chosen. ReLU, max pooling and Adam's first steps turn a last-bit
difference into one of 1e-5 where a run comes close enough to a kink, and some
noise meets one within 20 steps. With this noise, initial weights changed at
random by up to 4e-7 of themselves (20 trials, in float64) move no loss by more
than 1e-7, so whoever rounds otherwise than PyTorch stays far inside 1e-5.

Losses are the mean cross-entropy of a batch before its update. "float32" is
PyTorch's own arithmetic; "float64" is the same run in float64 from the same
float32 weights and inputs, so that their difference is PyTorch's rounding.
The three SHA-256 are over the little-endian bytes of all weights (float32, in
the order of SHAPES), all inputs (float32, [n 1 28 28]) and all labels (uint8).
"""

import hashlib
import json
import math
import sys

import numpy as np
import torch
import torch.nn.functional as F

STEPS, BATCH, CLASSES = 20, 64, 47

SHAPES = [
    ("conv1.weight", (6, 1, 5, 5), 25), ("conv1.bias", (6,), 25),
    ("conv2.weight", (16, 6, 5, 5), 150), ("conv2.bias", (16,), 150),
    ("fc1.weight", (120, 400), 400), ("fc1.bias", (120,), 400),
    ("fc2.weight", (84, 120), 120), ("fc2.bias", (84,), 120),
    ("fc3.weight", (CLASSES, 84), 84), ("fc3.bias", (CLASSES,), 84),
]

RUNS = [
    {"name": "sgd", "optimizer": "sgd", "lr": 0.01, "momentum": 0.9},
    {"name": "nesterov", "optimizer": "sgd", "lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4},
    {"name": "adam", "optimizer": "adam", "lr": 0.001},
    {"name": "adamw", "optimizer": "adamw", "lr": 0.001, "weight_decay": 0.01},
]

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def splitmix64(x):
    z = x + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def initial_weights():
    weights = {}
    for p, (name, shape, fan_in) in enumerate(SHAPES):
        j = np.arange(math.prod(shape), dtype=np.uint64)
        k = (splitmix64(np.uint64(p << 32) | j) >> np.uint64(40)).astype(np.int64)
        unit = (k - 2**23).astype(np.float32) / np.float32(2**23)
        bound = np.float32(1 / math.sqrt(fan_in))
        weights[name] = (unit * bound).reshape(shape)
    return weights


def batches():
    """The labels (uint8) and inputs (float32) of all steps."""
    n = np.arange(STEPS * BATCH, dtype=np.uint64)
    label = splitmix64(np.uint64(1 << 56) | n) % np.uint64(CLASSES)
    n, y, x = np.meshgrid(n, np.arange(28, dtype=np.uint64), np.arange(28, dtype=np.uint64), indexing="ij")
    four, eight, sixteen = np.uint64(4), np.uint64(8), np.uint64(16)
    tile = label[:, None, None] << sixteen | y // four << eight | x // four
    block = splitmix64(np.uint64(2 << 56) | tile) >> np.uint64(63)
    noise = splitmix64(np.uint64(8 << 56) | n << sixteen | y << eight | x) >> np.uint64(59)
    pixel = block * np.uint64(223) + noise
    inputs = (pixel.astype(np.float32) / np.float32(255) - np.float32(0.1307)) / np.float32(0.3081)
    return label.astype(np.uint8), inputs.reshape(-1, 1, 28, 28)


def forward(w, x):
    x = F.max_pool2d(F.relu(F.conv2d(x, w["conv1.weight"], w["conv1.bias"], padding=2)), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, w["conv2.weight"], w["conv2.bias"])), 2).flatten(1)
    x = F.relu(F.linear(x, w["fc1.weight"], w["fc1.bias"]))
    x = F.relu(F.linear(x, w["fc2.weight"], w["fc2.bias"]))
    return F.linear(x, w["fc3.weight"], w["fc3.bias"])


def losses(run, weights, labels, inputs, dtype):
    settings = {k: v for k, v in run.items() if k not in ("name", "optimizer")}
    w = {name: torch.tensor(value, dtype=dtype, requires_grad=True) for name, value in weights.items()}
    optimizer = OPTIMIZERS[run["optimizer"]](w.values(), **settings)
    series = []
    for s in range(STEPS):
        batch = slice(s * BATCH, (s + 1) * BATCH)
        loss = F.cross_entropy(forward(w, torch.tensor(inputs[batch], dtype=dtype)),
                               torch.tensor(labels[batch], dtype=torch.int64))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        series.append(loss.item())
    return series


def sha256(arrays):
    return hashlib.sha256(b"".join(a.astype(a.dtype.newbyteorder("<")).tobytes() for a in arrays)).hexdigest()


def main():
    torch.set_num_threads(1)
    weights = initial_weights()
    labels, inputs = batches()
    assert inputs.dtype == np.float32 and all(w.dtype == np.float32 for w in weights.values())
    runs = [dict(
        run,
        float32=[float("%.9g" % loss) for loss in losses(run, weights, labels, inputs, torch.float32)],
        float64=losses(run, weights, labels, inputs, torch.float64),
    ) for run in RUNS]
    json.dump({
        "torch": torch.__version__, "steps": STEPS, "batch": BATCH, "classes": CLASSES,
        "weights_sha256": sha256(weights.values()), "inputs_sha256": sha256([inputs]), "labels_sha256": sha256([labels]),
        "runs": runs,
    }, sys.stdout, indent=1)
    print()


main()
