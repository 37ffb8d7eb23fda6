#!/usr/bin/env bash
# Runs once, on the first start of the PostgreSQL image. Creates a database and a user for each service; neither user can connect
# to the other database. Names and passwords come from the URLs of the services.
set -euo pipefail

for secret in auth_database_url mailbox_database_url; do
  [[ $(<"/run/secrets/$secret") =~ ^postgres://([a-z]+):([0-9a-f]+)@[^/]+/([a-z]+)$ ]] || {
    echo "$secret: is not a URL from deploy/secrets.sh" >&2
    exit 1
  }
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
    --set=user="${BASH_REMATCH[1]}" --set=password="${BASH_REMATCH[2]}" --set=database="${BASH_REMATCH[3]}" <<'SQL'
CREATE ROLE :"user" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"user";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
done
