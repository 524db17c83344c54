"""Answers what torchvision, or Pillow, makes of images.

    python3 main.py < question.json > answer.json

The question, written by torchvision_test.go, is a list of cases, each with
    shape  of an image, [channels, height, width]
    pixels of 8 bits
    expression of Python that gives a tensor, or a list of numbers, of
        x     the image as float32 from 0 to 1
        u     the image as uint8
        a     the case's own argument
        F, T, A, math, torch, and the functions below
The answer is a list of {"shape", "values"}, values of uint8 divided by 255; or
{"missing": why} where there is no torchvision.
"""

import json
import math
import sys
import warnings

try:
    import numpy
    import PIL.Image
    import torch
    import torchvision.transforms.functional as F
    from torchvision.transforms import InterpolationMode as T
    from torchvision.transforms import autoaugment as A
except ImportError as e:
    json.dump({"missing": str(e)}, sys.stdout)
    sys.exit()

warnings.simplefilter("ignore")  # about antialiasing


def pillow(x, height, width, filter):
    """Pillow's resize of floats, kept from 0 to 1, which Pillow does not."""
    planes = [PIL.Image.fromarray(p.numpy(), "F").resize((width, height), filter) for p in x]
    return torch.stack([torch.from_numpy(numpy.array(p)) for p in planes]).clamp(0, 1)


def slope(v):
    """The angle, in degrees, of a slope."""
    return math.degrees(math.atan(v))


def answer(case):
    u = torch.tensor(case["pixels"], dtype=torch.uint8).reshape(case["shape"])
    names = dict(globals(), x=u.float() / 255, u=u, a=case.get("argument"))
    y = torch.as_tensor(eval(case["expression"], names))
    if y.dtype == torch.uint8:
        y = y.float() / 255
    return {"shape": list(y.shape), "values": y.double().reshape(-1).tolist()}


json.dump({"cases": [answer(case) for case in json.load(sys.stdin)]}, sys.stdout)
