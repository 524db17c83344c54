"""Times PyTorch: reads requests from standard input and writes answers to
standard output, one line of JSON each, as wire/wire.go describes them.

With a directory of EMNIST's files as its argument it trains LeNet-5 on them for
an epoch instead, as `odyssey train` does, for its memory to be measured."""

import ctypes
import gc
import gzip
import json
import math
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

EXAMPLES = 1024
LEARNING_RATE, MOMENTUM = 1e-6, 0.9  # so small that nothing is learnt: numbers keep their size


class Residual(nn.Module):
    def __init__(self, layers, shortcut):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x):
        return self.shortcut(x) + self.layers(x)


class MeanPool(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def layer(l):
    size, stride, padding = l.get("kernel", 0), l.get("stride", 0), l.get("padding", 0)
    bias = not l.get("no_bias", False)
    return {
        "conv": lambda: nn.Conv2d(l["in"], l["out"], size, stride or 1, padding, groups=l.get("groups", 1), bias=bias),
        "linear": lambda: nn.Linear(l["in"], l["out"], bias=bias),
        "relu": lambda: nn.ReLU(inplace=True),
        "tanh": nn.Tanh,
        "maxpool": lambda: nn.MaxPool2d(size, stride or None, padding),
        "avgpool": lambda: nn.AvgPool2d(size, stride or None, padding),
        "flatten": nn.Flatten,
        "batchnorm": lambda: nn.BatchNorm2d(l["in"]),
        "meanpool": MeanPool,
        "residual": lambda: Residual(map(layer, l["layers"]), map(layer, l.get("shortcut", []))),
    }[l["kind"]]()


def network(spec):
    return nn.Sequential(*map(layer, spec["layers"]))


class Batches:
    """Hands out slices of made-up examples, one after the other."""

    def __init__(self, spec, batch, last):
        n = max(1, EXAMPLES // batch) * batch
        images = torch.randn(n, *spec["input"])
        if last:
            images = images.contiguous(memory_format=torch.channels_last)
        labels = torch.randint(spec["classes"], (n,))
        self.all = [(images[i : i + batch], labels[i : i + batch]) for i in range(0, n, batch)]
        self.at = -1

    def next(self):
        self.at = (self.at + 1) % len(self.all)
        return self.all[self.at]


def settings(spec):
    """The ways to run a network: (channels last, traced)."""
    lasts = (False, True) if len(spec["input"]) == 3 else (False,)
    return [(last, traced) for last in lasts for traced in (False, True)]


def called(last, traced, foreach=False):
    names = [n for n, on in (("channels last", last), ("traced", traced), ("foreach", foreach)) if on]
    return ", ".join(names)


def prepare(r, last):
    net, batches = network(r["network"]), Batches(r["network"], r["batch"], last)
    if last:
        net = net.to(memory_format=torch.channels_last)
    return net, batches


def training(r):
    for last, traced in settings(r["network"]):
        for foreach in (False, True):
            net, batches = prepare(r, last)
            sgd = torch.optim.SGD(net.parameters(), LEARNING_RATE, MOMENTUM, foreach=foreach)
            forward = torch.jit.trace(net, batches.next()[0]) if traced else net

            def step(forward=forward, batches=batches, sgd=sgd):
                images, labels = batches.next()
                sgd.zero_grad(set_to_none=True)
                loss = F.cross_entropy(forward(images), labels)
                loss.backward()
                sgd.step()
                return loss.item()

            yield called(last, traced, foreach), step


def inference(r):
    for last, traced in settings(r["network"]):
        net, batches = prepare(r, last)
        net.eval()
        if traced:
            net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, batches.next()[0])))

        def step(net=net, batches=batches):
            net(batches.next()[0])

        yield called(last, traced), step


def operation(r):
    work, sizes = r["work"], r["sizes"]
    if work == "matmul":
        m, n, k = sizes
        a, b, c = torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)
        yield "", lambda: torch.mm(a, b, out=c)
    elif work == "sum":
        x = torch.randn(sizes)
        yield "", lambda: torch.sum(x)
    elif work == "softmax":
        x = torch.randn(sizes)
        y = torch.empty_like(x)
        yield "", lambda: torch._softmax(x, 1, False, out=y)
    elif work == "layernorm":
        x, g, b = torch.randn(sizes), torch.randn(sizes[1:]), torch.randn(sizes[1:])
        yield "", lambda: F.layer_norm(x, sizes[1:], g, b)
    elif work in ("exp", "tanh"):
        f, x = getattr(torch, work), torch.randn(sizes)
        y = torch.empty_like(x)
        yield "", lambda: f(x, out=y)
    else:
        raise ValueError(f"unknown work {work!r}")


def convolution(r):
    channels, size, batch, stride, groups = r["sizes"]
    for last in (False, True):
        layout = torch.channels_last if last else torch.contiguous_format
        x = torch.randn(batch, channels, size, size).contiguous(memory_format=layout)
        w = torch.randn(channels, channels // groups, 3, 3).contiguous(memory_format=layout)

        def forward(x=x, w=w):
            return F.conv2d(x, w, None, stride, 1, 1, groups)

        g = torch.randn_like(forward())

        def backward(x=x, w=w, g=g):
            mask = [r["work"] == "conv-input", r["work"] == "conv-weight", False]
            return torch.ops.aten.convolution_backward(g, x, w, None, [stride, stride], [1, 1], [1, 1], False, [0, 0], groups, mask)

        yield called(last, False), forward if r["work"] == "conv" else backward


class TransformerBlock(nn.Module):
    """As nanoGPT has it, without dropout."""

    def __init__(self, heads, width, context):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.register_buffer("later", torch.triu(torch.ones(context, context), 1).bool())

    def forward(self, x):
        n, t, width = x.shape
        q, k, v = (z.view(n, t, self.heads, -1).transpose(1, 2) for z in self.qkv(self.norm1(x)).chunk(3, 2))
        a = (q @ k.transpose(2, 3)) / math.sqrt(width // self.heads)
        a = torch.softmax(a.masked_fill(self.later, -math.inf), 3)
        x = x + self.proj((a @ v).transpose(1, 2).reshape(n, t, width))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self, layers, heads, width, context, vocabulary):
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Parameter(0.02 * torch.randn(context, width))
        self.blocks = nn.Sequential(*(TransformerBlock(heads, width, context) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        return F.linear(self.norm(self.blocks(self.tokens(x) + self.places)), self.tokens.weight)


def transformer(r):
    layers, heads, width, batch, context, vocabulary = r["sizes"]
    x = torch.randint(vocabulary, (batch, context))
    for traced in (False, True):
        for foreach in (False, True):
            net = Transformer(layers, heads, width, context, vocabulary)
            adamw = torch.optim.AdamW(net.parameters(), LEARNING_RATE, foreach=foreach)
            forward = torch.jit.trace(net, x) if traced else net

            def step(forward=forward, adamw=adamw):
                adamw.zero_grad(set_to_none=True)
                loss = F.cross_entropy(forward(x).flatten(0, 1), x.flatten())
                loss.backward()
                adamw.step()
                return loss.item()

            yield called(False, traced, foreach), step


def folder(r, tensors):
    """An ImageFolder, which Pillow decodes, or torchvision itself into tensors."""
    import torchvision
    from PIL import Image
    from torchvision import io, transforms

    channels, resize, _ = r["sizes"]
    steps = [transforms.Resize((resize, resize), antialias=True)] if resize else []
    if tensors:
        mode = io.ImageReadMode.GRAY if channels == 1 else io.ImageReadMode.RGB
        load, steps = lambda path: io.read_image(path, mode), [*steps, transforms.ConvertImageDtype(torch.float32)]
    else:
        load, steps = lambda path: Image.open(path).convert("L" if channels == 1 else "RGB"), [*steps, transforms.ToTensor()]
    return torchvision.datasets.ImageFolder(r["dir"], transforms.Compose(steps), loader=load)


def images(r):
    """Epochs of a loader whose workers stay."""
    workers = r["sizes"][2]
    for tensors in (False, True):
        loader = torch.utils.data.DataLoader(
            folder(r, tensors), r["batch"], shuffle=True, num_workers=workers, persistent_workers=True
        )

        def step(loader=loader):
            for _ in loader:
                pass

        yield f"{workers} workers, " + ("torchvision.io" if tensors else "Pillow"), step


def images_mean(r):
    """Of all values, to see that both sides read the same."""
    both = [torch.stack([x for x, _ in folder(r, tensors)]).double().mean().item() for tensors in (False, True)]
    if abs(both[0] - both[1]) > 0.002:
        raise ValueError(f"Pillow's images have the mean {both[0]}, torchvision's {both[1]}")
    return both[0]


def adam(r):
    for foreach in (False, True):
        p = nn.Parameter(torch.randn(r["sizes"]))
        p.grad = torch.randn(r["sizes"])
        yield called(False, False, foreach), torch.optim.Adam([p], LEARNING_RATE, foreach=foreach).step


def repeat(step, group, until):
    steps, start, took = 0, time.perf_counter(), 0.0
    while steps == 0 or took < until:
        for _ in range(group):
            step()
        steps += group
        took = time.perf_counter() - start
    return steps, took


def measure(step, about):
    """As measure.Time of the Go side."""
    gc.collect()
    _, took = repeat(step, 1, 0)
    if took > 2 * about:
        return took
    steps, took = repeat(step, 1, 0.2 * about)
    steps, took = repeat(step, max(1, int(steps * about / took / 50)), about)
    return took / steps


def works(r):
    return {
        "train": training, "infer": inference, "adam": adam, "gpt": transformer, "images": images,
        "conv": convolution, "conv-input": convolution, "conv-weight": convolution,
    }.get(r["work"], operation)(r)


def mode(r):
    """No gradients are kept where none are asked for."""
    return torch.inference_mode(r["work"] not in ("train", "adam", "gpt"))


class Work:
    """The work of the latest requests: what is fastest of the ways to do it."""

    def __init__(self):
        self.key, self.steps, self.best = None, [], {}

    def fastest(self, r):
        task = json.dumps({k: r.get(k) for k in ("work", "sizes", "network", "batch", "dir")})
        if task != self.key:
            self.steps = []  # frees the memory of the one before
            self.key, self.steps, self.best = task, list(works(r)), {}
        if r["threads"] not in self.best:
            with mode(r):
                self.best[r["threads"]] = self.choose()
        return self.best[r["threads"]]

    def choose(self):
        """Tries all of them."""
        if len(self.steps) == 1:
            return self.steps[0]
        for _, step in self.steps:
            repeat(step, 1, 0.05)  # tracing compiles in the first few steps
        took = [min(measure(step, 0.05) for _ in range(2)) for _, step in self.steps]
        return self.steps[took.index(min(took))]


def set_blas_threads(n):
    ctypes.CDLL("libopenblas.so.0").openblas_set_num_threads(n)


def blas():
    """OpenBLAS's version and kind of kernels."""
    library = ctypes.CDLL("libopenblas.so.0")
    library.openblas_get_config.restype = library.openblas_get_corename.restype = ctypes.c_char_p
    version = library.openblas_get_config().decode().split()[:2]
    return " ".join([*version, library.openblas_get_corename().decode()])


def answer(work, r):
    if r["work"] == "version":
        return {"version": f"PyTorch {torch.__version__.split('a')[0]}, {blas()}"}
    if r["work"] == "images-mean":
        return {"loss": images_mean(r)}
    torch.set_num_threads(r["threads"])
    set_blas_threads(r["blas"])
    name, step = work.fastest(r)
    with mode(r):
        a = {"setting": name, "seconds_per_step": measure(step, r["seconds"])}
    if r["work"] == "train":
        a["loss"] = step()
    if r.get("network"):
        a["parameters"] = sum(p.numel() for p in network(r["network"]).parameters())
    return a


def serve():
    work = Work()
    for line in sys.stdin:
        try:
            a = answer(work, json.loads(line))
        except Exception as e:
            a = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(a), flush=True)


def read_idx(path):
    """The bytes of an IDX file, with no second copy of them on the way."""
    with gzip.open(path) as f:
        axes = f.read(4)[3]
        shape = [int.from_bytes(f.read(4), "big") for _ in range(axes)]
        data, at = bytearray(math.prod(shape)), 0
        while chunk := f.read(1 << 20):
            data[at : at + len(chunk)] = chunk
            at += len(chunk)
    return torch.frombuffer(data, dtype=torch.uint8).view(shape)


def train_emnist(directory, threads):
    """One epoch on EMNIST and an evaluation: pixels stay bytes until their batch."""
    torch.set_num_threads(threads)
    images, labels = {}, {}
    for split in ("train", "test"):
        prefix = f"{directory}/emnist-bymerge-{split}"
        images[split] = read_idx(f"{prefix}-images-idx3-ubyte.gz").unsqueeze(1)
        labels[split] = read_idx(f"{prefix}-labels-idx1-ubyte.gz").long()
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 47),
    )
    sgd = torch.optim.SGD(net.parameters(), 0.02, MOMENTUM)

    def batch(split, rows):
        return (images[split][rows].float() / 255 - 0.1307) / 0.3081, labels[split][rows]

    for rows in torch.randperm(len(labels["train"])).split(64):
        x, y = batch("train", rows)
        sgd.zero_grad(set_to_none=True)
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        sgd.step()
    right = 0
    with torch.inference_mode():
        for rows in torch.arange(len(labels["test"])).split(256):
            x, y = batch("test", rows)
            right += int((net(x).argmax(1) == y).sum())
    print(f"accuracy {right / len(labels['test']):.4f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        train_emnist(sys.argv[1], 2)
    else:
        serve()
