#!/bin/sh
# Checks that the system provides what `make` cannot put into .venv. As root it installs what is
# missing; otherwise it prints the one line that does, and stops.
#
#   scripts/debian_packages.sh run|test|bench          check, and install as root
#   scripts/debian_packages.sh --list run|test|bench   only print the package names
#
# Beside each package stands a command that succeeds when the thing is there in any form, so that
# a Python or a browser from elsewhere is as good.
set -eu
PATH="$PATH:/usr/sbin:/sbin" # dpkg and ldconfig live there
PYTHON="${PYTHON:-python3}"

packages_for() {
  echo "python3 command -v $PYTHON"
  echo "python3-venv $PYTHON -c 'import ensurepip, venv'"
  # What the embedded mongod is linked with, besides libc and libgcc.
  echo "libcurl4 ldconfig -p | grep -q 'libcurl\.so\.4 .*=>'"
  echo "liblzma5 ldconfig -p | grep -q 'liblzma\.so\.5 .*=>'"
  echo "libssl3 ldconfig -p | grep -q 'libssl\.so\.3 .*=>'"
  [ "$1" != run ] || return 0
  # The browser tests.
  echo "chromium command -v chromium"
  echo "fonts-dejavu-core test -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
  # What the Odoo of the CRM tests keeps its data in.
  echo "postgresql command -v postgres || ls /usr/lib/postgresql/*/bin/postgres"
  [ "$1" != test ] || return 0
  echo "wrk command -v wrk"
}

list_only=
if [ "$1" = --list ]; then
  list_only=yes
  shift
fi
case "$1" in
run | test | bench) ;;
*)
  echo "run, test or bench expected, not $1" >&2
  exit 2
  ;;
esac

missing=
while read -r package check; do
  if [ -n "$list_only" ]; then
    echo "$package"
  elif ! sh -c "$check" >/dev/null 2>&1; then
    missing="$missing $package"
  fi
done <<LIST
$(packages_for "$1")
LIST

[ -n "$missing" ] || exit 0
install="apt-get install --yes --no-install-recommends$missing"
if ! command -v apt-get >/dev/null; then
  echo "Missing:$missing (Debian's names). Please install them with your system's tools." >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "Some Debian packages are missing. Please run this line, then make again:" >&2
  echo "  sudo $install" >&2
  exit 1
fi
echo "Installing Debian packages:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# The package lists of a fresh machine are empty or old; if so, fetch them and try again.
$install >/dev/null 2>&1 || { apt-get update >/dev/null && $install >/dev/null; }
