#!/usr/bin/env bash
# install-tier-3-4.sh: lets a lab host run the experiments of tiers 3 and 4. See usage, and docs/installing.md.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/lib.sh"

# What the doctor is asked about.
readonly role=lab-host
readonly units=(cis490-orchestrator.service)

usage() {
  cat <<'END'
Usage: install-tier-3-4.sh [install | uninstall] [--dry-run] [--no-rollback]

Lets a lab host run the experiments of tiers 3 and 4 in virtual machines: sees to KVM, QEMU, the
orchestrator's user, its groups, and its unit. The orchestrator itself is the lab's own program,
/opt/cis490/orchestrator/run. It can be run again at any time.

  --dry-run        says what would be done, and changes nothing
  --no-rollback    keeps the new unit when it does not start
  uninstall        stops and removes the unit; episodes and the lab's program stay

Exit codes: 0 done, 1 it could not be done and says why, 2 usage.
END
}

main() {
  begin tier-3-4 5 "$@"
  [[ ! $purge && ! $given_binary && ! $given_owner ]] || misused "--purge, --binary and --owner are for the lab host"
  own=("${units[@]/#/$UNITS/}" "$SYSUSERS/cis490-orchestrator.conf")
  shared=("$HELPERS/restart-delay")
  if [[ $action == uninstall ]]; then
    steps=3
    uninstall "${units[@]}"
    return
  fi

  step "prerequisites"
  need_basics
  need_command "qemu-system-$(uname -m)" "$(qemu_package)"
  need_command qemu-img qemu-utils
  need_kvm
  [[ -e $UNITS/cis490-shipper.service ]] ||
    problems+=("this is no lab host yet: $source/install/install-lab-host.sh")
  need_unshadowed "${units[@]}"
  end_prerequisites

  step "the orchestrator's user and groups"
  place_users cis490-orchestrator
  see_groups
  step "units"
  place_units "${units[@]}"
  step "start"
  start_units "${units[@]}"
  step "the lab's program"
  if [[ -x $TREE/orchestrator/run ]]; then
    found "$TREE/orchestrator/run"
  else
    note "there is no $TREE/orchestrator/run yet; without it the unit does nothing"
  fi
}

qemu_package() { if [[ $(uname -m) == aarch64 ]]; then echo qemu-system-arm; else echo qemu-system-x86; fi; }

need_kvm() {
  if [[ ! -c /dev/kvm ]]; then
    problems+=("there is no /dev/kvm: turn virtualization on in the firmware, then: modprobe -a kvm_intel kvm_amd kvm")
  elif [[ $(stat -c %G /dev/kvm) != kvm || $(stat -c %a /dev/kvm) != 66[0-9] ]]; then
    problems+=("/dev/kvm is not open to group kvm: udevadm trigger --name-match=kvm")
  fi
}

# By sysusers.d(5); said, since without them an experiment fails late and in other words.
see_groups() {
  [[ ! $dry_run ]] || return 0
  local group
  for group in kvm cis490-episodes; do
    [[ " $(id -nG cis490-orchestrator) " == *" $group "* ]] || die "cis490-orchestrator is not in group $group: usermod -aG $group cis490-orchestrator"
  done
  found "cis490-orchestrator is in groups kvm and cis490-episodes"
}

main "$@"
