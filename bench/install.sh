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

sudo="" limit=""
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
	[ -t 0 ] || sudo="sudo -n" # nobody is there to be asked
fi
# A network that stalls is an error. What is fetched is then installed without it, as that should not be broken off.
command -v timeout >/dev/null && limit="timeout -k 10 900"
apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -y -o Acquire::Retries=1 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 -o DPkg::Lock::Timeout=60"
$limit $apt update
$limit $apt install --no-install-recommends --download-only $missing
$apt install --no-install-recommends --no-download $missing
