#!/usr/bin/env bash
# Runs in the container of the proxy: starts HAProxy, and reloads it when its certificate changes. Connections go on.
set -euo pipefail
config=/usr/local/etc/haproxy/haproxy.cfg

# An empty line in .env counts as unset; HAProxy's `defined` would not.
for name in HTTPS_CERT ACME_DOMAINS; do
  [[ -n ${!name:-} ]] || unset "$name"
done

if [[ -n ${HTTPS_CERT:-} ]]; then
  used=$(sha256sum "$HTTPS_CERT")
  while sleep 10; do
    # A file that cannot be read, or that HAProxy rejects, leaves the old certificate in use.
    found=$(sha256sum "$HTTPS_CERT") || continue
    [[ $found == "$used" ]] && continue
    used=$found
    haproxy -c -q -f "$config" && kill -USR2 "$$"
  done &
fi
exec haproxy -W -db -f "$config"
