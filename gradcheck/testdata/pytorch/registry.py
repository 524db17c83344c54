"""What the files ops_*.py fill: how each operation of the table is spelt in
PyTorch, and which ones PyTorch does not have."""

OPERATIONS = {}
ABSENT = {}


def operation(*names):
    """Decorates f(a, *inputs), which gives the outputs: a has the attributes."""

    def add(f):
        for name in names:
            OPERATIONS[name] = f
        return f

    return add


def functions(**by_name):
    """Adds functions of the inputs alone."""
    for name, f in by_name.items():
        OPERATIONS[name] = lambda a, *inputs, f=f: f(*inputs)


def absent(reason, *names):
    for name in names:
        ABSENT[name] = reason
