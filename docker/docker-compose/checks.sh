# Sourced by start.sh: what must be true of the machine. Each check ends with one sentence that says what to do.
# shellcheck shell=bash

OLDEST_ENGINE=25 # the first that asks a starting container often and a running one seldom
OLDEST_COMPOSE=24 # of the 2.x versions: `required` of dependencies, `start_interval`

MEMORY_FULL_MIB=5000
MEMORY_SMALL_MIB=3000
DISK_MIB=8000

check_engine() {
  local said version
  command -v docker > /dev/null \
    || fail "Docker is not installed: there is no \`docker\` on the PATH. Install Docker $OLDEST_ENGINE or newer with its Compose plugin."
  if ! said=$(docker version --format '{{.Server.Version}}' 2>&1); then
    case $said in
      *'permission denied'*) fail "Docker's engine refuses this account. Add it to the group docker and log in again, or run this as root." ;;
      *) fail "No Docker engine answers at ${DOCKER_HOST:-the default address}. Start Docker, or name its address in DOCKER_HOST." ;;
    esac
  fi
  [ "${said%%.*}" -ge $OLDEST_ENGINE ] 2> /dev/null || fail "The Docker engine is version $said. Update it to $OLDEST_ENGINE or newer."
  version=$(docker compose version --short 2> /dev/null) || fail "Docker's Compose plugin is missing. Install docker-compose-plugin, version 2.$OLDEST_COMPOSE or newer."
  version=${version#v}
  case $version in
    2.*) [ "$(echo "$version" | cut -d. -f2)" -ge $OLDEST_COMPOSE ] || fail "Docker Compose is version $version. Update it to 2.$OLDEST_COMPOSE or newer." ;;
    1.*) fail "Docker Compose is version $version. Update it to 2.$OLDEST_COMPOSE or newer." ;;
  esac
}

check_memory() {
  local needed=$MEMORY_FULL_MIB has advice='or start the small profile: ./start.sh --small'
  [ "$1" = full ] || { needed=$MEMORY_SMALL_MIB advice='or stop what else runs there'; }
  has=$(($(docker info --format '{{.MemTotal}}') / 1048576))
  [ "$has" -ge "$needed" ] || fail "The Docker engine has $has MiB of memory, and the $1 profile needs $needed. Give it more, $advice."
}

# Tell whether the engine is another machine's, with a disk and ports of its own.
is_remote() { case ${DOCKER_HOST:-} in tcp:* | ssh:*) ;; *) return 1 ;; esac }

# Only where the engine's folder is on this machine; Docker Desktop keeps it in a virtual machine.
check_disk() {
  local folder free
  ! is_remote || return 0
  folder=$(docker info --format '{{.DockerRootDir}}')
  [ -d "$folder" ] || return 0
  docker image inspect random-user-pipeline/dagster > /dev/null 2>&1 && DISK_MIB=2000
  free=$(($(df -Pk "$folder" | awk 'NR == 2 {print $4}') / 1024))
  [ "$free" -ge "$DISK_MIB" ] || fail "Docker's folder $folder has $free MiB free, and the images and data need $DISK_MIB. Free some, for example with \`docker system prune\`."
}

# Compose says what it can't use, and what settings.env sets in vain is said here: what .env explains comes before it.
check_settings() {
  local said name
  said=$(docker compose config --quiet 2>&1) || fail "The settings in $ENV_FILE or settings.env can't be used: $said"
  [ -f settings.env ] || return 0
  while read -r name; do
    ! grep -q "^$name=" settings.env || fail "settings.env sets $name, which is read from $ENV_FILE. Write it there."
  done < <(sed -n 's/^#\([A-Z0-9_]*\)=.*/\1/p' env.template)
}

# The containers have the names that people type; another deployment may have one of them.
check_names() {
  local name owner
  for name in $(docker compose config | awk '$1 == "container_name:" {print $2}'); do
    owner=$(docker ps --all --filter "name=^/$name\$" --format '{{.Names}} {{.Label "com.docker.compose.project"}}')
    case $owner in
      '' | "$name $(project)") ;;
      "$name ") fail "A container named $name exists already and isn't part of this deployment. Remove it (\`docker rm -f $name\`) or rename it." ;;
      *) fail "A container named $name exists already, of the project ${owner#* }. Stop that one first; a deployment like this one with its down.sh." ;;
    esac
  done
}

check_ports() {
  local variable default port seen=' '
  ! is_remote || return 0
  while IFS="=" read -r variable default; do
    port=$(setting "$variable" "$default")
    case $port in '' | 0* | *[!0-9]* | ??????*) fail "$variable is \"$port\" in $ENV_FILE. It must be the number of a port." ;; esac
    case $seen in *" $port "*) fail "$variable is $port in $ENV_FILE, as another port is. Give each a number of its own." ;; esac
    seen="$seen$port "
    [ -z "$(docker ps --quiet --filter "$(ours)" --filter "publish=$port")" ] || continue
    case $(profile) in small) case $variable in KAFKA_BROKER_[23]_PORT) continue ;; esac ;; esac
    if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then
      fail "Port $port of 127.0.0.1 is taken by another program. End that program, or write another number as $variable in $ENV_FILE."
    fi
  done < <(sed -n 's/^#\([A-Z0-9_]*_PORT=\)/\1/p' env.template)
}
