# Sourced by start.sh and down.sh: the file .env, its settings, and how the deployment is asked.
# shellcheck shell=bash

ENV_FILE=$PWD/.env

_FILES=docker-compose-kafka.yaml:docker-compose-spark.yaml:docker-compose-postgres.yaml:docker-compose-dagster.yaml

_PASSWORDS=(POSTGRES_PASSWORD PIPELINE_PASSWORD USERS_STREAM_PASSWORD DAGSTER_PASSWORD)

# What belongs to the data, .env alone says: a variable of one shell would not be there in the next.
unset "${_PASSWORDS[@]}" KAFKA_CLUSTER_ID
unset COMPOSE_PROJECT_NAME COMPOSE_FILE COMPOSE_PATH_SEPARATOR COMPOSE_PROFILES COMPOSE_ENV_FILES COMPOSE_DISABLE_ENV_FILE

fail() {
  echo "$*" >&2
  exit 1
}

# Give the value of a setting: of the shell, else of .env, else the default.
setting() {
  local value=${!1:-}
  [ -n "$value" ] || value=$(written "$1")
  echo "${value:-${2:-}}"
}

# Give the value that .env has, without quotes and comments, as Compose reads it.
written() {
  [ ! -e "$ENV_FILE" ] || sed -n "s/^$1=//p" "$ENV_FILE" | tail -n 1 | tr -d '\r' \
    | sed -e 's/^"\([^"]*\)".*/\1/' -e t -e "s/^'\([^']*\)'.*/\1/" -e t -e 's/[[:space:]]#.*//' -e 's/[[:space:]]*$//'
}

project() { setting COMPOSE_PROJECT_NAME random-user-pipeline; }

profile() { case $(setting COMPOSE_FILE "$_FILES") in *small*) echo small ;; *) echo full ;; esac; }

# Give what a query answers, bare: [of another database]. psql is the container's, so the machine needs none.
sql() { docker exec postgres psql --username postgres --dbname "${2:-project_streaming}" -Atqc "$1"; }

sql_table() { docker exec postgres psql --username postgres --dbname project_streaming --quiet --command "$1"; }

# Give what `docker … --filter` takes for the parts of this deployment.
ours() { echo "label=com.docker.compose.project=$(project)"; }

has_data() { [ -n "$(docker volume ls --quiet --filter "$(ours)")" ]; }

check_readable() {
  [ ! -e "$ENV_FILE" ] || [ -r "$ENV_FILE" ] || fail "$ENV_FILE can't be read by this account. Run this as the account that owns it."
}

# The project has one name in every clone. What was started from another folder that is still there is not ours to end.
check_folder() {
  local folder
  while read -r folder; do
    [ "$folder" = "$PWD" ] || [ ! -d "$folder" ] || fail "$(project) was started from $folder. Run $folder/down.sh."
  done < <(docker ps --all --filter "$(ours)" --format '{{.Label "com.docker.compose.project.working_dir"}}')
}

# Passwords that are made anew would not open the data that are there, so they must be in .env still.
check_environment() {
  local name
  check_readable
  has_data || return 0
  for name in COMPOSE_FILE KAFKA_CLUSTER_ID "${_PASSWORDS[@]}"; do
    [ -n "$(written "$name")" ] || fail "$ENV_FILE lacks $name, which belongs to the data of $(project). Put the file back as it was;" \
      "or give up the data with \`./down.sh --volumes\`, and begin anew."
  done
}

# Keep to the profile that the data were made with: a cluster of one has other voters than a cluster of three.
choose_profile() {
  local wanted=${1:-$(profile)} files=$_FILES
  if [ "$wanted" != "$(profile)" ] && has_data; then
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
  for name in "${_PASSWORDS[@]}"; do
    [ -n "$(setting "$name")" ] || write_setting "$name" "$(random_text 24)"
  done
}

random_text() { head -c "$1" /dev/urandom | base64 | tr -d '=\n' | tr '+/' '-_'; }

# Set one line of .env. The file is new and whole at once, and nobody else can read it.
write_setting() {
  local new=$ENV_FILE.new
  [ "$(written "$1")" != "$2" ] || return 0
  if ! { (umask 077 && with_setting "$1" "$2" > "$new") && mv -f "$new" "$ENV_FILE"; }; then
    fail "$ENV_FILE can't be written. Make its folder writable, and see that its disk isn't full."
  fi
}

# Give .env, or what it begins as, with one line set. (grep ends with 1 where no line is left, and with 2 on an error.)
with_setting() {
  if [ -e "$ENV_FILE" ]; then grep -v "^$1=" "$ENV_FILE" || [ $? -eq 1 ]; else cat env.template; fi && echo "$1=$2"
}

# Where people come from is decided once and written down, so that a plain `docker compose up` does the same.
choose_source() {
  local reason embedded=http://random-user-api:8090/api/1.4/ real=https://randomuser.me/api/1.4/
  if [ -z "$(setting RANDOM_USER_API_URL)" ]; then
    if reason=$(docker run --rm --entrypoint ask-source random-user-pipeline/dagster-code $real 2>&1); then
      write_setting RANDOM_USER_API_URL $real
    else
      echo "The RandomUser API can't be used from here: $reason"
      write_setting RANDOM_USER_API_URL $embedded
    fi
  fi
  if [ "$(setting RANDOM_USER_API_URL)" = $embedded ]; then
    echo "People are made up by the embedded API, and every record says so. To ask the real one, delete the line" \
      "RANDOM_USER_API_URL in $ENV_FILE and run ./start.sh again."
    write_setting COMPOSE_PROFILES embedded-api
  else
    write_setting COMPOSE_PROFILES ''
    docker compose --profile embedded-api rm --stop --force random-user-api > /dev/null 2>&1 || true
  fi
}
