#!/bin/sh
# Installs what the comparison with PyTorch needs on Debian, where it is missing.
set -eu

missing=""
/usr/bin/python3 -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)' 2>/dev/null || missing="$missing python3-torch"
/sbin/ldconfig -p | grep -q libopenblas.so.0 || missing="$missing libopenblas0-pthread"
[ -n "$missing" ] || exit 0

sudo=""
[ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update
$sudo apt-get install -y --no-install-recommends $missing
