#!/usr/bin/env bash
# Run by the PostgreSQL image on its first start: a database for each service, owned by a user of its own, closed to
# the other. Names and passwords are those of the URLs that the services get.
set -euo pipefail

for secret in auth_database_url mailbox_database_url; do
  [[ $(<"/run/secrets/$secret") =~ ^postgres://([a-z]+):([0-9a-f]+)@[^/]+/([a-z]+)$ ]] || {
    echo "$secret: is not the URL that deploy/secrets.sh makes" >&2
    exit 1
  }
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
    --set=user="${BASH_REMATCH[1]}" --set=password="${BASH_REMATCH[2]}" --set=database="${BASH_REMATCH[3]}" <<'SQL'
CREATE ROLE :"user" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"user";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
done
