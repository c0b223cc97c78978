#!/usr/bin/env bash
# enter.sh STATE COMMAND…: runs a command in a host that runs, as root, with its streams and its exit code.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "$0")")
# shellcheck source=/dev/null # checked by itself
. "$here/common.sh"

state=$1
shift
pid=$(running "$state") || die "$state does not run"
# Of its own below the host's, since one that has children may hold no process (cgroups(7)).
cgroup=$(cat "$state/cgroup")/entered
mkdir -p "$cgroup"
echo $$ >"$cgroup/cgroup.procs"
exec env -i container=lab LANG=C.UTF-8 HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio --inh-caps=-all \
  nsenter -t "$pid" -m -u -i -n -p -C -- "$@"
