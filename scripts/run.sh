#!/bin/sh
# The site and one worker, side by side. When either ends, or on Ctrl-C or SIGTERM, both end.
# A second Ctrl-C kills them without waiting for unfinished work.
set -u
cd "$(dirname "$0")/.." || exit 1

stop_requests=0
trap 'stop_requests=$((stop_requests + 1))' INT
trap '[ "$stop_requests" -gt 0 ] || stop_requests=1' TERM HUP

running() { kill -0 "$1" 2>/dev/null; }
signal_both() { kill -s "$1" "$site" "$worker" 2>/dev/null; }

.venv/bin/python -m orgsite.serve --port "${PORT:-8000}" &
site=$!
.venv/bin/python manage.py worker &
worker=$!

while [ "$stop_requests" = 0 ] && running "$site" && running "$worker"; do
    sleep 0.3
done
status=$((stop_requests == 0))

signal_both TERM
while running "$site" || running "$worker"; do
    [ "$stop_requests" -lt 2 ] || signal_both KILL
    sleep 0.3
done
exit "$status"
