#!/usr/bin/env bash
# Replaces the containers of every role one at a time, services before edges: builds the image, migrates, then starts a new
# container beside the old ones, waits until it is healthy, and stops one old container. Works with one replica as well. Proxy,
# PostgreSQL and Redis are left alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
compose() { $COMPOSE "$@"; }

# Callers and the proxy find a new container within two seconds.
readonly found_within=4 healthy_within=120

running() {
  compose ps -q "$1" | xargs -r docker inspect --format '{{if .State.Running}}{{.Id}}{{end}}' | sed '/^$/d'
}

# Waits for a container. One that does not become healthy is removed, and the old ones go on serving.
await_healthy() {
  local id=$1 role=$2
  for ((i = 0; i < healthy_within; i++)); do
    [[ $(docker inspect --format '{{.State.Health.Status}}' "$id") == healthy ]] && return
    sleep 1
  done
  docker logs --tail 20 "$id" >&2
  docker rm --force "$id" >/dev/null
  echo "$role: the new container is not healthy and was removed; the old ones still serve" >&2
  exit 1
}

[[ -n $(running proxy) ]] || { echo 'the stack does not run: use `make up`' >&2; exit 1; }
compose build gateway
for service in auth mailbox; do
  compose run --rm --no-deps -T "migrate-$service"
done

for role in auth mailbox gateway smtp; do
  mapfile -t old < <(running "$role")
  for id in "${old[@]}"; do
    mapfile -t before < <(running "$role")
    compose up --detach --no-deps --no-recreate --scale "$role=$((${#old[@]} + 1))" "$role"
    fresh=$(running "$role" | grep -vxF -f <(printf '%s\n' "${before[@]}"))
    await_healthy "$fresh" "$role"
    sleep "$found_within"
    docker stop --time 45 "$id" >/dev/null
    docker rm "$id" >/dev/null
  done
  echo "$role: ${#old[@]} replaced"
done
