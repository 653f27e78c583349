#!/bin/sh
# Makes CareHub's two roles and its database; run once, by the superuser. The postgres image does so on an empty
# volume. Elsewhere: PGHOST=... POSTGRES_USER=postgres CAREHUB_OWNER_PASSWORD=... CAREHUB_APP_PASSWORD=... sh roles.sh
set -eu

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set owner_password="$CAREHUB_OWNER_PASSWORD" --set app_password="$CAREHUB_APP_PASSWORD" <<'SQL'
CREATE ROLE carehub_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE carehub_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'app_password';
-- A statement that fails would stand in the log with the clinical text in it.
ALTER ROLE carehub_owner SET log_min_error_statement = 'panic';
ALTER ROLE carehub_owner SET log_error_verbosity = 'terse';
ALTER ROLE carehub_app SET log_min_error_statement = 'panic';
ALTER ROLE carehub_app SET log_error_verbosity = 'terse';
CREATE DATABASE carehub OWNER carehub_owner;
REVOKE ALL ON DATABASE carehub FROM PUBLIC;
GRANT CONNECT ON DATABASE carehub TO carehub_app;
SQL
