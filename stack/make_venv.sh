#!/bin/sh
# Makes .venv from requirements.lock. `make` calls this when one of them is newer than .venv/.ready, which is written
# last: a first run that was cut off is simply done again. pip brings uv, and uv the rest, in a third of the time.
set -eu
cd "$(dirname "$0")/.."

stop() {
    echo "$1" >&2
    exit 5
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        # A name on the PATH may be a shim without a Python behind it, so it is asked to run.
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
}

python=$(find_python)
[ -n "$python" ] || stop "Python 3.11 or newer is missing ($(python3 --version 2>&1 || true)): install it, or name one, as in: make up PYTHON=/path/to/python3.12"
"$python" -c 'import venv, ensurepip' >/dev/null 2>&1 ||
    stop "$("$python" --version) can't make virtual environments: install its venv module (on Debian and Ubuntu the package python3-venv) and try again."

digest=$(cat requirements.lock pyproject.toml | cksum)
if [ "$(cat .venv/.ready 2>/dev/null)" = "$digest" ] && .venv/bin/python -c '' 2>/dev/null; then
    touch .venv/.ready
    exit 0
fi

echo "Preparing .venv with $("$python" --version): once, and again when requirements.lock changes." >&2
if ! { mkdir -p .venv && echo >.venv/.writable && rm -f .venv/.writable .venv/.ready; }; then
    stop "$PWD/.venv can't be written to (the line above says why). Make it writable, or free room on its disk, then try again."
fi
room=$(df -Pk .venv | awk 'NR == 2 { print int($4 / 1024) }')
[ -x .venv/bin/uv ] || [ "$room" -ge 1500 ] ||
    stop "The disk of $PWD has $room MiB left, and the packages need about 1500 MiB. Free some, then try again."
.venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv ||
    stop "$("$python" --version) could not make $PWD/.venv (the lines above say why). Mend that, then try again."
failed="The packages could not be installed (the lines above say why). Check the network and its proxy, then try again."
# The lines of uv itself, with their hashes.
awk '/^[^ ]/ { uv = /^uv==/ } uv' requirements.lock >.venv/uv.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
    --requirement .venv/uv.lock || stop "$failed"
export VIRTUAL_ENV="$PWD/.venv"
.venv/bin/uv pip sync --quiet --require-hashes requirements.lock || stop "$failed"
.venv/bin/uv pip install --quiet --no-deps --no-build-isolation --editable . || stop "$failed"
echo "$digest" >.venv/.ready
