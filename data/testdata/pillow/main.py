"""Answers what Pillow makes of pictures that it resizes.

    python3 main.py < question.json > answer.json

The question, written by pillow_test.go, is a list of cases, each with
    file     of PNG or JPEG, in base64
    mode     L for grey, RGB for colours
    width, height
The answer is a list of bytes for each, in planes.
"""

import base64
import io
import json
import sys

import PIL.Image


def answer(file, mode, width, height):
    picture = PIL.Image.open(io.BytesIO(base64.b64decode(file))).convert(mode)
    planes = picture.resize((width, height), PIL.Image.BILINEAR).split()
    return [v for p in planes for v in p.tobytes()]


json.dump([answer(**case) for case in json.load(sys.stdin)], sys.stdout)
