#!/bin/sh
# Makes the environment $1 with the newest tested Python and installs the requirements file $2; pip's own settings hold.
set -eu
venv=$1
wanted=$2
usable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}
if ! [ -x "$venv/bin/python" ]; then
    python=
    for candidate in python3.13 python3.12 python3.11 python3; do
        if command -v "$candidate" >/dev/null 2>&1 && usable "$candidate"; then
            python=$candidate
            break
        fi
    done
    if [ -z "$python" ]; then
        echo "Install Python 3.11, 3.12 or 3.13 with its venv module (Debian: apt-get install python3 python3-venv), then try again." >&2
        exit 1
    fi
    echo "Making $venv with $("$python" --version) ..." >&2
    "$python" -m venv "$venv"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted"
root=$(pwd)
cat > "$venv/bin/chengnuo" <<SCRIPT
#!$root/$venv/bin/python
"""Enters Chengnuo's command line."""
import sys

sys.path.insert(0, "$root")
from app.cli import main

main()
SCRIPT
chmod +x "$venv/bin/chengnuo"
"$venv/bin/pybabel" -q compile -d app/translations 2>/dev/null || true
