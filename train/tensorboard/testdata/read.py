"""Reads an event file as TensorBoard does.

    python3 read.py < file.json > events.json

The question is the file's name. The answer is a list of [tag, step, plugin, value] for each value, with plugin the dashboard that TensorBoard
shows it on, and value a number, a string, [width, height] of an image, or the buckets of a histogram.
"""

import json
import sys

from tensorboard import data_compat
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.util import tensor_util


def plain(plugin, value):
    array = tensor_util.make_ndarray(value.tensor)
    if plugin == "scalars":
        return float(array)
    if plugin == "text":
        return array.item().decode()
    if plugin == "images":
        return [int(size) for size in array[:2]]
    return array.tolist()


# Since TensorBoard 2.3 the other loader migrates events itself.
loader = getattr(event_file_loader, "LegacyEventFileLoader", event_file_loader.EventFileLoader)
answer = []
for event in loader(json.load(sys.stdin)).Load():
    for value in data_compat.migrate_event(event).summary.value:
        plugin = value.metadata.plugin_data.plugin_name
        answer.append([value.tag, event.step, plugin, plain(plugin, value)])
json.dump(answer, sys.stdout)
