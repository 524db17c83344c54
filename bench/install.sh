#!/bin/sh
# Installs modules of Python on Debian, where they are missing: without arguments, what the comparison with PyTorch needs.
set -eu

missing=""
[ $# -gt 0 ] || set -- torch torchvision PIL
for module; do
	/usr/bin/python3 -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('$module') is None)" 2>/dev/null && continue
	[ $module = PIL ] && module=pil
	missing="$missing python3-$module"
done
/sbin/ldconfig -p | grep -q libopenblas.so.0 || missing="$missing libopenblas0-pthread"
[ -n "$missing" ] || exit 0

sudo=""
[ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update
$sudo apt-get install -y --no-install-recommends $missing
