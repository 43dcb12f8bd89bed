#!/bin/sh
# Run once as the superuser on the database `postroom`: a role and a schema for each service, and the role mail servers
# read the views of `mail` with. Passwords come from POSTROOM_<NAME>_PASSWORD; without one a role cannot sign in.
set -eu
for name in gateway directory import; do
  upper=$(printf '%s' "$name" | tr '[:lower:]' '[:upper:]')
  password=$(printenv "POSTROOM_${upper}_PASSWORD" || true)
  psql --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-postroom}" \
    --set role="$name" --set password="$password" <<'SQL'
create role :"role" login nosuperuser nocreatedb nocreaterole nobypassrls;
select format('alter role %I password %L', :'role', :'password') where :'password' <> '' \gexec
create schema :"role" authorization :"role";
alter role :"role" set search_path = :"role";
SQL
done
psql --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-postroom}" \
  --set password="${POSTROOM_MAIL_READER_PASSWORD:-}" <<'SQL'
create role mail_reader login nosuperuser nocreatedb nocreaterole nobypassrls;
select format('alter role mail_reader password %L', :'password') where :'password' <> '' \gexec
create schema mail authorization directory;
grant usage on schema mail to mail_reader;
alter default privileges for role directory in schema mail grant select on tables to mail_reader;
alter role mail_reader set search_path = mail;
revoke all on schema public from public;
SQL
