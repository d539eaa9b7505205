#!/bin/sh
# The site and one worker, side by side. When either ends, or on Ctrl-C or SIGTERM, both end.
# A second Ctrl-C does not wait for what they still had to finish.
set -u
cd "$(dirname "$0")/.." || exit 1

asked_to_stop=0
trap 'asked_to_stop=$((asked_to_stop + 1))' INT
trap '[ "$asked_to_stop" -gt 0 ] || asked_to_stop=1' TERM HUP

running() { kill -0 "$1" 2>/dev/null; }
tell_both() { kill -s "$1" "$site" "$worker" 2>/dev/null; }

.venv/bin/python -m orgsite.serve --port "${PORT:-8000}" &
site=$!
.venv/bin/python manage.py worker &
worker=$!

while [ "$asked_to_stop" = 0 ] && running "$site" && running "$worker"; do
    sleep 0.3
done
status=$((asked_to_stop == 0))

tell_both TERM
while running "$site" || running "$worker"; do
    [ "$asked_to_stop" -lt 2 ] || tell_both KILL
    sleep 0.3
done
exit "$status"
