#!/bin/sh
# Installs what the comparison with PyTorch needs on Debian, where it is missing.
set -eu

missing=""
for module in torch torchvision PIL; do
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
