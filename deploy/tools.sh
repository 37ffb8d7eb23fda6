#!/usr/bin/env bash
# Installs what the tests and benches need and this machine lacks. Does nothing, quickly, when all is there.
set -euo pipefail

declare -A package=(
  [swaks]=swaks [nginx]=nginx-light [wrk]=wrk [postfix]=postfix [smtp-source]=postfix [strace]=strace
  [curl]=curl [python3]=python3
)
missing=()
for program in "${!package[@]}"; do
  PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || missing+=("${package[$program]}")
done
if ((${#missing[@]})); then
  sudo=()
  ((EUID == 0)) || sudo=(sudo)
  "${sudo[@]}" apt-get update -qq
  # The packages' own services are not wanted: tests start what they need on free ports.
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
command -v cargo-nextest >/dev/null || cargo install --locked cargo-nextest
command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
