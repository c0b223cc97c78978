/** Whether this machine can boot a host of the lab: found out by trying what the scripts do. */
import type { Needs } from "../skip.ts";

const TRY = `
set -e
awk '$3 == "cgroup2" { found = 1 } END { exit !found }' /proc/mounts
directory=$(mktemp -d)
trap 'rmdir "$directory"' EXIT
unshare --fork --pid --mount --uts --ipc --cgroup --net sh -ec '
  mount --make-rprivate /
  mount -t tmpfs tmpfs "$0"
  mkdir "$0/upper" "$0/work" "$0/root"
  mount -t overlay -o "lowerdir=/,upperdir=$0/upper,workdir=$0/work" overlay "$0/root"
  mount -t proc proc "$0/root/proc"
  mount -t sysfs -o ro sysfs "$0/root/sys"
  mount -t cgroup2 cgroup2 "$0/root/sys/fs/cgroup"
  mknod "$0/null" c 1 3
' "$directory"
`;

/** What a test needs that boots hosts. */
export const LAB: Needs = {
  root: true,
  commands: ["/lib/systemd/systemd", "unshare", "nsenter", "setpriv", "pgrep", "ip", "tc", "nft"],
  kernel: {
    feature: "namespaces, cgroup v2 and overlay for a systemd of its own",
    present: () =>
      new Deno.Command("sh", { args: ["-c", TRY], stdout: "null", stderr: "null" })
        .outputSync().success,
  },
};
