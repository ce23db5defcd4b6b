#!/usr/bin/env bash
# Checks for what the Python packages need from the system. As root on Debian it installs what is
# missing; otherwise it says so and goes on, because the rest may still work.
#
# usage: scripts/system_libraries.sh PYTHON [tests]
#   tests   also what tests need: drawing without a screen for scene and panels, a checker of DICOM files
set -euo pipefail

python=${1:-python3}
missing=()

# need LIBRARY PACKAGE...: the packages that bring a shared library which the system lacks
need() {
    local library=$1
    shift
    grep -qF "$library" <<<"$libraries" || missing+=("$@")
}

if ! command -v "$python" >/dev/null 2>&1; then
    missing+=(python3 python3-venv)
elif ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    missing+=(python3-venv)
fi
libraries=$(ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null || true)
if [[ -n $libraries ]]; then
    # VTK, SimpleITK and SciPy are linked against the C++ runtime and zlib; their wheels bring everything else.
    need libstdc++.so.6 libstdc++6
    need libz.so.1 zlib1g
    if [[ ${2:-} == tests ]]; then
        need libEGL.so.1 libegl1
        need libGL.so.1 libgl1
        need libEGL_mesa.so.0 libegl-mesa0 # the software renderer
        need libX11.so.6 libx11-6
        need libXrender.so.1 libxrender1
        need libxkbcommon.so.0 libxkbcommon0
        need libfontconfig.so.1 libfontconfig1 fonts-dejavu-core
        need libdbus-1.so.3 libdbus-1-3
        need libglib-2.0.so.0 libglib2.0-0
    fi
fi
if [[ ${2:-} == tests ]] && ! command -v dciodvfy >/dev/null 2>&1; then
    missing+=(dicom3tools) # tests of what is written as DICOM are skipped without it
fi

if [[ ${#missing[@]} -gt 0 ]]; then
    if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing system packages: ${missing[*]}"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    else
        echo "Missing system packages: ${missing[*]}" >&2
        echo "Install them, for example with: sudo apt-get install ${missing[*]}" >&2
    fi
fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "CTSMA needs Python 3.11 or newer; '$python' is $("$python" -V 2>&1 || true)." >&2
    echo "Name another one, for example: make test PYTHON=python3.12" >&2
    exit 1
fi
