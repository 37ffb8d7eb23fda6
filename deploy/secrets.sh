#!/usr/bin/env bash
# Creates the secrets of docker-compose.yml in deploy/secrets, and the directory of certificates. Existing files are never
# changed.
set -euo pipefail
cd "$(dirname "$0")"

# Compose mounts the files with their modes, and containers run as users that do not exist on this machine. So the files are
# readable by all, and the mode of the directory keeps other users of this machine out.
umask 077
mkdir -p secrets
chmod 0700 secrets

# Certificates of HTTPS and STARTTLS. Mounted as a directory, so the users of the containers need its mode.
mkdir -p secrets/certificates
chmod 0755 secrets/certificates

hex() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# Writes a missing secret atomically.
secret() {
  [[ -e secrets/$1 ]] && return
  printf '%s\n' "$2" >"secrets/$1.new"
  chmod 0444 "secrets/$1.new"
  mv "secrets/$1.new" "secrets/$1"
  echo "created deploy/secrets/$1"
}

secret postgres_password "$(hex)"
secret auth_database_url "postgres://auth:$(hex)@postgres:5432/auth"
secret mailbox_database_url "postgres://mailbox:$(hex)@postgres:5432/mailbox"
secret signing_key "$(hex)"
secret data_key "$(hex)"
secret grpc_secret "$(hex)"
secret grafana_password "$(hex)"
secret redis_url "redis://default:$(hex)@redis:6379"
# The same password in the syntax of the server's configuration.
secret redis_conf "$(sed -E 's|^redis://default:([0-9a-f]+)@.*|requirepass \1|' secrets/redis_url)"
