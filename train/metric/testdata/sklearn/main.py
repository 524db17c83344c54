"""Answers what scikit-learn measures.

    python3 main.py < question.json > answer.json

The question, written by sklearn_test.go, is a list of sets, each with
    classes               how many
    scores, probabilities a list for each example
    labels                the class of each example
    predictions, targets  of a regression
and the answer is, for each set, the value of each metric by its name, and under "classes" a list of
[precision, recall, F1, support] and under "confusion" the matrix. What scikit-learn refuses is left out.
"""

import json
import sys

import numpy as np
from sklearn import metrics


def measure(ask):
    labels, classes = np.array(ask["labels"]), list(range(ask["classes"]))
    scores, probabilities = np.array(ask["scores"]), np.array(ask["probabilities"])
    predicted = scores.argmax(axis=1)
    answer = {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "confusion": metrics.confusion_matrix(labels, predicted, labels=classes).tolist(),
    }
    each = metrics.precision_recall_fscore_support(labels, predicted, labels=classes, zero_division=0)
    answer["classes"] = np.array(each, dtype=float).T.tolist()
    for average in "macro", "micro":
        p, r, f, _ = metrics.precision_recall_fscore_support(labels, predicted, labels=classes, average=average, zero_division=0)
        answer |= {f"precision_{average}": p, f"recall_{average}": r, f"f1_{average}": f}
    if len(classes) > 3:
        answer["top3_accuracy"] = metrics.top_k_accuracy_score(labels, scores, k=3, labels=classes)
    if len(classes) == 2:
        answer["roc_auc"] = metrics.roc_auc_score(labels, probabilities[:, 1])
    elif len(set(ask["labels"])) == len(classes):
        answer["roc_auc"] = metrics.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    targets, predictions = np.array(ask["targets"]), np.array(ask["predictions"])
    answer["mae"] = metrics.mean_absolute_error(targets, predictions)
    answer["mse"] = metrics.mean_squared_error(targets, predictions)
    answer["r2"] = metrics.r2_score(targets, predictions)
    return answer


json.dump([measure(ask) for ask in json.load(sys.stdin)], sys.stdout)
