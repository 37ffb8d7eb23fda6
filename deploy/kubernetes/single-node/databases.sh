#!/bin/sh
# Run once, by the image, when the data directory is new: a database and a user for each service.
set -eu
for service in auth mailbox; do
  psql -v ON_ERROR_STOP=1 --username postgres --dbname postgres \
    -v name="mayfly_$service" -v password="$(cat "/run/secrets/postgresql/$service-password")" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
