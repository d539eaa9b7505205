#!/bin/sh
# Runs a command with a secret key of this clone's own, made once, where the environment brings none.
set -eu

if [ -z "${ORGSITE_SECRET_KEY:-}${ORGSITE_DEBUG:-}" ]; then
    kept="$(dirname "$0")/../.orgsite/secret_key"
    if [ ! -s "$kept" ]; then
        mkdir -p "${kept%/*}"
        (umask 077 && head -c 48 /dev/urandom | base64 | tr -d '\n' >"$kept")
    fi
    ORGSITE_SECRET_KEY=$(cat "$kept")
    export ORGSITE_SECRET_KEY
fi
exec "$@"
