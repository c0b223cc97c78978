#!/usr/bin/env bash
# end.sh power-cut STATE    kills a host as a power cut does; its disk stays
# end.sh shutdown STATE     stops its units and waits for its end; its disk stays
# end.sh remove STATE       cuts its power, and removes all that it had
# end.sh sweep DIRECTORY    removes every host in it whose owner has gone
#
# Nothing is killed but PID 1 of a host, after a look whether the noted pid is in the host's own cgroup, and what is in
# that cgroup.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "$0")")
# shellcheck source=/dev/null # checked by itself
. "$here/common.sh"

power_cut() {
  local state=$1 pid cgroup
  cgroup=$(cat "$state/cgroup" 2>/dev/null) || return 0
  if pid=$(running "$state"); then
    # The other end sees silence, not the kernel closing connections.
    nsenter --net="$state/netns" ip link set eth0 down 2>/dev/null || :
    kill -KILL "$pid" 2>/dev/null || :
  fi
  [[ -d $cgroup ]] || return 0
  # What was brought in by enter.sh; cgroup.kill is there from Linux 5.14.
  if ! wait_until 2 is_empty "$cgroup" && [[ -w $cgroup/cgroup.kill ]]; then
    echo 1 >"$cgroup/cgroup.kill"
  fi
  wait_until 10 is_empty "$cgroup" || die "processes of $state can't be killed"
  find "$cgroup" -mindepth 1 -depth -type d -exec rmdir {} +
  rm -f "$state/pid"
}

is_over() { ! running "$1" >/dev/null; }

shutdown() {
  local state=$1 pid
  if pid=$(running "$state"); then
    # SIGRTMIN+4 is "poweroff" to systemd(1); in a container it exits.
    kill -RTMIN+4 "$pid"
    wait_until 30 is_over "$state" || die "$state does not shut down; its power is cut"
  fi
  power_cut "$state"
}

remove() {
  local state=$1
  power_cut "$state"
  if [[ -e $state/cgroup ]]; then
    find "$(cat "$state/cgroup")" -depth -type d -exec rmdir {} + 2>/dev/null || :
    rmdir "$(dirname -- "$(cat "$state/cgroup")")" 2>/dev/null || :
  fi
  umount "$state/netns" 2>/dev/null || :
  # An overlay's inner mounts go with their namespace, a moment after its last process.
  if mountpoint -q "$state/disk"; then
    wait_until 5 umount "$state/disk" || umount -l "$state/disk"
  fi
  rm -rf --one-file-system "$state"
}

sweep() {
  local state pid started
  for state in "$1"/*/; do
    state=${state%/}
    [[ -e $state/owner ]] || continue
    read -r pid started <"$state/owner"
    if [[ $(start_time "$pid") == "$started" ]]; then continue; fi
    printf 'lab: removing %s, which a run that has gone left\n' "$state" >&2
    remove "$state"
  done
}

case $1 in
power-cut) power_cut "$2" ;;
shutdown) shutdown "$2" ;;
remove) remove "$2" ;;
sweep) sweep "$2" ;;
*) die "power-cut, shutdown, remove or sweep, not $1" ;;
esac
