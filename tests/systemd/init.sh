#!/usr/bin/env bash
# init.sh STATE: PID 1 of a lab host, in its new namespaces, until it becomes systemd. The outer machine's root is the
# lower layer of an overlay: its packages are there, and nothing is written to it.
set -euo pipefail
state=$1
root=$state/disk/root

mount --make-rprivate /
mount -t overlay -o "lowerdir=/,upperdir=$state/disk/upper,workdir=$state/disk/work" overlay "$root"

if [[ ! -e $state/disk/installed ]]; then
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  cp "$state/name" "$root/etc/hostname"
  cp "$state/hosts" "$root/etc/hosts"
  : >"$root/etc/fstab"
  rm -f "$root/etc/resolv.conf"
  : >"$root/etc/resolv.conf"
  # What the outer machine enabled, or runs by hand, must not start here.
  rm -rf "$root"/etc/systemd/system/*.wants "$root"/etc/systemd/system/*.requires "$root"/etc/rc?.d/S*
  rm -rf "$root/var/log/journal" "$root"/var/lib/systemd/* "$root"/run/* "$root/etc/cis490" "$root/var/lib/cis490"
  # A container's image has it, so that packages start nothing; a host does not.
  rm -f "$root/usr/sbin/policy-rc.d"
  for unit in getty.target systemd-sysctl.service systemd-binfmt.service systemd-modules-load.service \
    systemd-logind.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done
  mkdir -p "$root/var/log/journal" "$root"/etc/systemd/{journald,system}.conf.d
  printf '[Journal]\nStorage=persistent\nSyncIntervalSec=1s\nRateLimitBurst=0\n' \
    >"$root/etc/systemd/journald.conf.d/lab.conf"
  printf '[Manager]\nDefaultTimeoutStopSec=20s\n' >"$root/etc/systemd/system.conf.d/lab.conf"
  touch "$state/disk/installed"
fi

mount -t proc proc "$root/proc"
# The kernel's own settings are in no namespace; those of the network are.
# A boot of its own, for the journal and for whoever asks whether the machine was restarted.
cat /proc/sys/kernel/random/uuid >"$state/disk/boot_id"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
mount -o remount,bind,ro "$root/proc/sys"
mount --bind "$state/disk/boot_id" "$root/proc/sys/kernel/random/boot_id"
if [[ -e $root/proc/sysrq-trigger ]]; then mount --bind /dev/null "$root/proc/sysrq-trigger"; fi
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=0755,size=4m tmpfs "$root/dev"
mkdir "$root"/dev/{pts,shm}
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
for device in null:3 zero:5 full:7 random:8 urandom:9; do
  mknod -m 0666 "$root/dev/${device%:*}" c 1 "${device#*:}"
done
mknod -m 0666 "$root/dev/tty" c 5 0
mknod -m 0666 "$root/dev/fuse" c 10 229
mkdir "$root/dev/net"
mknod -m 0666 "$root/dev/net/tun" c 10 200
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"

hostname "$(cat "$state/name")"
ip link set lo up
cd "$root"
mkdir -p run/old
pivot_root . run/old
cd /
umount -l /run/old
rmdir /run/old
# systemd shares mounts with its units' namespaces only where they are shared (LoadCredential= needs that).
mount --make-rshared /

# container= has systemd leave clock, modules and devices alone; they are in no namespace.
exec env -i container=lab PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio --inh-caps=-all \
  /lib/systemd/systemd --system --unit=multi-user.target --log-target=journal --show-status=no
