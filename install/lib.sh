# shellcheck shell=bash disable=SC2034,SC2154 # these files share names with each other; each installer is checked with all
# What the installers share: the words they say, their command line, and what must be there before anything is changed.
# Each installer is a list of numbered steps; a step looks first, says what it found done already, and changes the rest.
# docs/installing.md says what is put where, and why.

readonly TREE=/opt/cis490 BINARY=/usr/bin/cis490 HELPERS=/usr/lib/cis490
# Not /etc/systemd/system, whose units can't be masked, nor /usr/lib/systemd/system, which is dpkg's (systemd.unit(5)).
readonly UNITS=/usr/local/lib/systemd/system
readonly SYSUSERS=/usr/local/lib/sysusers.d TMPFILES=/usr/local/lib/tmpfiles.d
readonly CONFIGURATION=/etc/cis490 DATA=/var/lib/cis490

umask 022
# Of a git that this may have been called from.
unset "${!GIT_@}"
program=$(basename -- "$0")
# The tree that this script is part of, through whatever links it was called.
source=$(dirname -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")")
action=install dry_run='' rollback=yes purge='' given_binary='' given_owner='' packaged=''
step=0 steps=0 kept='' temporary='' half_synced=''
problems=() packages=()

# -- words ------------------------------------------------------------------------------------------------------------

step() {
  step=$((step + 1))
  printf '[%d/%d] %s\n' "$step" "$steps" "$1"
}
found() { printf '  ok: %s\n' "$*"; }
did() { printf '  done: %s\n' "$*"; }
would() { printf '  would: %s\n' "$*"; }
note() { printf '  note: %s\n' "$*"; }
die() {
  printf '%s: %s\n' "$program" "$1" >&2
  shift
  if (($#)); then printf '  %s\n' "$@" >&2; fi
  exit 1
}
misused() {
  printf '%s: %s; see %s --help\n' "$program" "$1" "$program" >&2
  exit 2
}
# act WORDS COMMAND…: runs the command and says WORDS; in a dry run, says only that it would. Never call it where bash
# ignores failures (if, ||): what fails in the command would be passed over.
act() {
  local words=$1
  shift
  if [[ $dry_run ]]; then
    would "$words"
  else
    "$@"
    did "$words"
  fi
}

at_exit() {
  local code=$?
  if [[ $temporary ]]; then rm -rf -- "$temporary"; fi
  # What git wrote as root would stand in its owner's way at the next pull.
  if [[ $half_synced ]]; then own_tree >/dev/null || :; fi
  if ((code != 0 && step > 0)); then
    printf '%s: stopped in step %d of %d; it can be run again at any time\n' "$program" "$step" "$steps" >&2
  fi
}

# begin ROLE STEPS ARGUMENT…: reads the command line, and makes sure that nobody else installs.
begin() {
  kept=$HELPERS/previous-$1
  steps=$2
  shift 2
  while (($#)); do
    case $1 in
    install | uninstall) action=$1 ;;
    --dry-run) dry_run=yes ;;
    --no-rollback) rollback='' ;;
    --purge) purge=yes ;;
    --binary)
      [[ -f ${2-} ]] || misused "--binary needs a file, and ${2:-nothing} is none"
      given_binary=$(readlink -f -- "$2")
      shift
      ;;
    --owner)
      id -- "${2-}" >/dev/null 2>&1 || misused "--owner needs a user of this machine, and ${2:-nobody} is none"
      given_owner=$2
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) misused "unknown argument $1" ;;
    esac
    shift
  done
  [[ ! $purge || $action == uninstall ]] || misused "--purge goes with uninstall"
  [[ $EUID == 0 ]] || die "it must be run as root: sudo $0"
  exec 9>/run/cis490-install.lock
  flock --nonblock 9 || die "another installer of cis490 is at work; try again when it has ended"
  trap at_exit EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if dpkg-query --show --showformat='${Status}' cis490 2>/dev/null | grep -q 'install ok installed'; then
    packaged=yes
  fi
}

# of_package WORDS: whether cis490 is installed as a Debian package. Then its files are dpkg's to bring up to date, and only
# the tree, and what is done with it, is for these scripts.
of_package() { [[ $packaged ]] && found "$1: the Debian package's, which apt-get brings up to date"; }

# -- prerequisites: all that is missing is said at once -----------------------------------------------------------------

# need_command COMMAND PACKAGE
need_command() {
  command -v "$1" >/dev/null || {
    problems+=("$1 is missing")
    packages+=("$2")
  }
}

need_basics() {
  local pair
  for pair in git:git setfacl:acl systemctl:systemd systemd-sysusers:systemd systemd-tmpfiles:systemd runuser:util-linux; do
    need_command "${pair%:*}" "${pair#*:}"
  done
  [[ -d /run/systemd/system ]] || problems+=("this machine does not run systemd")
  if [[ $packaged && $given_binary ]]; then
    problems+=("$BINARY is the Debian package's, so --binary can't replace it; to change over: apt-get remove cis490")
  fi
  if [[ -e /usr/local/bin/cis490 ]]; then
    problems+=("/usr/local/bin/cis490 would be run instead of $BINARY: move it away")
  fi
}

# need_space DIRECTORY MIB: the directory may not be there yet.
need_space() {
  local directory=$1 free
  while [[ ! -d $directory ]]; do directory=$(dirname -- "$directory"); done
  free=$(df --output=avail --block-size=1M -- "$directory" | tail -n 1)
  ((free >= $2)) || problems+=("$1 has $((free)) MiB free, $2 are needed: df -h $directory")
}

# need_unshadowed UNIT…: a unit of ours in /etc would be run instead of the one that is installed.
need_unshadowed() {
  local unit
  for unit; do
    if [[ -f /etc/systemd/system/$unit ]]; then
      problems+=("/etc/systemd/system/$unit would be run instead of the unit that is installed: move it away, or what it changes to a drop-in (systemctl edit $unit)")
    fi
  done
}

end_prerequisites() {
  if ((${#problems[@]} == 0)); then
    found "nothing is missing"
    return
  fi
  if ((${#packages[@]})); then
    problems+=("to install what is missing: apt-get install $(printf '%s\n' "${packages[@]}" | sort -u | paste -sd ' ')")
  fi
  die "nothing was changed, because:" "${problems[@]}"
}

# shellcheck source=files.sh
. "$source/install/files.sh"
# shellcheck source=tree.sh
. "$source/install/tree.sh"
# shellcheck source=places.sh
. "$source/install/places.sh"
# shellcheck source=units.sh
. "$source/install/units.sh"
# shellcheck source=uninstall.sh
. "$source/install/uninstall.sh"
