# shellcheck shell=bash
# What the scripts of the lab share. A host's state directory holds:
#
#   name      its host name; hosts: lines for its /etc/hosts
#   owner     pid and start time of the process that booted it
#   cgroup    the path of its cgroup
#   pid       of its PID 1, as seen from outside; only while it runs
#   netns     its network namespace, which outlives a boot, as a cable does
#   disk/     a mount: upper/ holds all that the host has ever written

die() {
  printf 'lab: %s\n' "$*" >&2
  exit 1
}

# The mount point of cgroup v2; on a hybrid machine it is not /sys/fs/cgroup.
cgroup_mount() { awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts; }

# start_time PID: clock ticks after boot, field 22 of /proc/PID/stat; with it a pid is no other process's.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The command's name, in parentheses, may hold anything.
  # shellcheck disable=SC2086 # to be split
  set -- ${stat##*) }
  printf '%s\n' "${20}"
}

# in_cgroup PID DIRECTORY: is the process alive, and in that cgroup or below it? Pids are reused.
in_cgroup() {
  local file
  while IFS= read -r -d '' file; do
    if grep -qx -- "$1" "$file" 2>/dev/null; then return 0; fi
  done < <(find "$2" -name cgroup.procs -print0 2>/dev/null)
  return 1
}

# running STATE: prints the pid of the host's PID 1, if it runs.
running() {
  local pid cgroup
  pid=$(cat "$1/pid" 2>/dev/null) || return 1
  cgroup=$(cat "$1/cgroup" 2>/dev/null) || return 1
  in_cgroup "$pid" "$cgroup" || return 1
  printf '%s\n' "$pid"
}

# wait_until SECONDS COMMAND…: tries it every 20 ms.
wait_until() {
  local end=$((SECONDS + $1 + 1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.02
  done
}

is_empty() { grep -qs '^populated 0' "$1/cgroup.events"; }
