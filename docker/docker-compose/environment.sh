# Sourced by start.sh and down.sh: the file .env, its settings, and how the deployment is asked.
# shellcheck shell=bash

ENV_FILE=$PWD/.env

_FILES=docker-compose-kafka.yaml:docker-compose-spark.yaml:docker-compose-postgres.yaml:docker-compose-dagster.yaml

fail() {
  echo "$*" >&2
  exit 1
}

# Give the value of a setting: of the shell, else of .env, else the default.
setting() {
  local value=${!1:-}
  [ -n "$value" ] || value=$(sed -n "s/^$1=//p" "$ENV_FILE" 2> /dev/null | tail -n 1)
  echo "${value:-${2:-}}"
}

project() { setting COMPOSE_PROJECT_NAME random-user-pipeline; }

profile() { case $(setting COMPOSE_FILE "$_FILES") in *small*) echo small ;; *) echo full ;; esac; }

# Give what a query answers, bare. The query runs inside of the container, so the machine needs no psql.
sql() { docker exec postgres psql --username postgres --dbname project_streaming -Atqc "$1"; }

sql_table() { docker exec postgres psql --username postgres --dbname project_streaming --quiet --command "$1"; }

# Keep to the profile that the data were made with: a cluster of one has other voters than a cluster of three.
choose_profile() {
  local wanted=${1:-$(profile)} files=$_FILES
  if [ "$wanted" != "$(profile)" ] && [ -n "$(docker volume ls --quiet --filter "label=com.docker.compose.project=$(project)")" ]; then
    fail "The data here belong to the $(profile) profile. \`./down.sh --volumes\` deletes them; then \`./start.sh --$wanted\` begins anew."
  fi
  [ "$wanted" = full ] || files=$files:docker-compose-small.yaml
  write_setting COMPOSE_FILE "$files"
}

# Write what .env lacks. What is there stays: the passwords belong to the data.
complete_environment() {
  local name
  [ -n "$(setting COMPOSE_PROJECT_NAME)" ] || write_setting COMPOSE_PROJECT_NAME random-user-pipeline
  [ -n "$(setting KAFKA_CLUSTER_ID)" ] || write_setting KAFKA_CLUSTER_ID "A$(random_text 16 | cut -c 2-22)"
  for name in POSTGRES_PASSWORD PIPELINE_PASSWORD USERS_STREAM_PASSWORD DAGSTER_PASSWORD; do
    [ -n "$(setting $name)" ] || write_setting $name "$(random_text 24)"
  done
}

random_text() { head -c "$1" /dev/urandom | base64 | tr -d '=\n' | tr '+/' '-_'; }

# Set one line of .env. The file is new and whole at once, and nobody else can read it.
write_setting() {
  local new=$ENV_FILE.new
  [ "$(sed -n "s/^$1=//p" "$ENV_FILE" 2> /dev/null | tail -n 1)" != "$2" ] || return 0
  (
    umask 077
    if [ -e "$ENV_FILE" ]; then grep -v "^$1=" "$ENV_FILE" || true; else cat env.template; fi > "$new"
    echo "$1=$2" >> "$new"
  ) || fail "$ENV_FILE can't be written. Make its folder writable."
  mv "$new" "$ENV_FILE"
}

# Where people come from is decided once and written down, so that a plain `docker compose up` does the same.
choose_source() {
  local reason embedded=http://random-user-api:8090/api/1.4/
  [ -z "$(setting RANDOM_USER_API_URL)" ] || {
    [ "$(setting RANDOM_USER_API_URL)" != $embedded ] || echo "Made-up people, of the embedded API: see RANDOM_USER_API_URL in $ENV_FILE."
    return 0
  }
  if reason=$(docker run --rm --entrypoint ask-source random-user-pipeline/dagster-code https://randomuser.me/api/1.4/ 2>&1); then
    write_setting RANDOM_USER_API_URL https://randomuser.me/api/1.4/
  else
    echo "The RandomUser API can't be used from here: $reason"
    echo "The embedded one takes its place: its people are made up, and every record says so. To ask the real one again," \
      "delete the lines RANDOM_USER_API_URL and COMPOSE_PROFILES in $ENV_FILE."
    write_setting RANDOM_USER_API_URL $embedded
    write_setting COMPOSE_PROFILES embedded-api
  fi
}
