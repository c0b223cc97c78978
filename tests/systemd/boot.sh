#!/usr/bin/env bash
# boot.sh STATE: boots the host of that state directory and waits until its systemd has started everything. The first boot
# makes its disk (a tmpfs, or an ext4 image of STATE/disk_mb MiB), its network namespace and its cgroup.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "$0")")
# shellcheck source=/dev/null # checked by itself
. "$here/common.sh"

state=$1
! running "$state" >/dev/null || die "$state runs already"

if [[ ! -e $state/cgroup ]]; then
  mount=$(cgroup_mount)
  [[ -n $mount ]] || die "no cgroup v2 is mounted"
  printf '%s/cis490-lab/%s\n' "$mount" "$(basename -- "$state")" >"$state/cgroup"
fi
cgroup=$(cat "$state/cgroup")
mkdir -p "$cgroup"

mkdir -p "$state/disk"
if ! mountpoint -q "$state/disk"; then
  if [[ -e $state/disk_mb ]]; then
    truncate -s "$(cat "$state/disk_mb")M" "$state/disk.img"
    mkfs.ext4 -q -F -m 0 "$state/disk.img"
    mount -o loop "$state/disk.img" "$state/disk"
  else
    mount -t tmpfs -o size=2g,mode=0755 cis490-lab "$state/disk"
  fi
  mkdir "$state"/disk/{upper,work,root}
fi
if [[ ! -e $state/netns ]]; then
  touch "$state/netns"
  unshare --net="$state/netns" true
fi

# A cable that a power cut pulled; there may be none.
nsenter --net="$state/netns" ip link set eth0 up 2>/dev/null || :

# In a subshell, which enters the cgroup before the namespace is made, so that the host sees it as its root.
(
  echo "$BASHPID" >"$cgroup/cgroup.procs"
  exec setsid nsenter --net="$state/netns" \
    unshare --fork --kill-child --pid --mount --uts --ipc --cgroup "$here/init.sh" "$state"
) </dev/null >"$state/boot.log" 2>&1 &
outer=$!
trap '[[ ! -e $state/pid ]] || rm -f "$state/pid"; kill -KILL "$outer" 2>/dev/null || :; cat "$state/boot.log" >&2' ERR

# The only child of unshare is PID 1 of the host.
pid_of_init() {
  pid=$(pgrep -P "$outer") && printf '%s\n' "$pid" >"$state/pid"
}
# Before it is systemd, nsenter would land in the outer tree.
is_systemd() {
  kill -0 "$outer" 2>/dev/null || return 0
  [[ $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") == /lib/systemd/systemd* ]]
}
is_up() {
  kill -0 "$outer" 2>/dev/null || return 0
  [[ -S /proc/$pid/root/run/systemd/private ]]
}
wait_until 5 pid_of_init
wait_until 10 is_systemd
wait_until 10 is_up
kill -0 "$outer"
# Degraded is for the caller to judge.
"$here/enter.sh" "$state" systemctl is-system-running --wait >/dev/null || :
disown "$outer"
