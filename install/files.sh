# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # as in lib.sh
# How the installers put files in place, and bring them back.
#
# Every file gets its place by one rename. Before the first change, all that is installed gets a second name below $kept,
# with a file "unfinished" beside it, which goes when the units have started: a run that was interrupted is known by it,
# and a start that fails brings back what is there.

# own: what this installer alone puts in place. shared: what other roles of a machine have too.
own=() shared=()
marked='' changed=''
# What is put in place comes from here: the tree that is installed, not what somebody has not committed yet.
from=$source

# Whether the last run, or this one, changed something that no unit was started with.
is_unfinished() { [[ -e $kept/unfinished ]]; }

# mark_change: gives all that is installed a second name, once in a run and before the first change. What an interrupted
# run left there is the version before it, and stays.
mark_change() {
  [[ ! $marked ]] || return 0
  marked=yes
  ! is_unfinished || return 0
  local file
  rm -rf -- "$kept" "$kept.new"
  mkdir -p -- "$kept.new"
  for file in "${own[@]}" "${shared[@]}"; do
    [[ -e $file ]] || continue
    mkdir -p -- "$kept.new$(dirname -- "$file")"
    cp -al -- "$file" "$kept.new$file" 2>/dev/null || cp -a -- "$file" "$kept.new$file"
  done
  : >"$kept.new/unfinished"
  sync -- "$kept.new/unfinished" "$kept.new"
  mv -T -- "$kept.new" "$kept"
  sync -- "$HELPERS"
}

end_change() { rm -f -- "$kept/unfinished"; }

# place SOURCE DESTINATION MODE: the file's bytes, owner and mode, in one rename; a program that runs keeps its old ones.
place() {
  if cmp -s -- "$1" "$2" && [[ $(stat -c '%U:%G %a' -- "$2") == "root:root $3" ]]; then
    found "$2"
    return
  fi
  if [[ ! $dry_run ]]; then mark_change; fi
  act "$2" replace "$1" "$2" "$3"
  changed=yes
}

# replace SOURCE DESTINATION MODE
replace() {
  local directory
  directory=$(dirname -- "$2")
  # One condition, since bash ignores single failures where the caller asks for the outcome.
  if ! {
    mkdir -p -- "$directory" && remove_leftovers "$directory" &&
      temporary=$(mktemp "$directory/.cis490-install.XXXXXX") &&
      cp -- "$1" "$temporary" && chmod "$3" "$temporary" && sync "$temporary" && mv -fT -- "$temporary" "$2"
  }; then
    die "$2 could not be replaced, and is as it was; what is wrong stands above"
  fi
  temporary=''
  sync -- "$directory"
}

# What a run that was killed was about to rename.
remove_leftovers() { rm -f -- "$1"/.cis490-install.*; }

# place_template NAME: the example of a configuration, beside it. The configuration itself is never touched.
place_template() {
  local new=$from/install/$1.example old=$CONFIGURATION/$1.example
  if of_package "$old"; then
    :
  elif cmp -s -- "$new" "$old"; then
    found "$old"
  else
    if [[ -e $old ]]; then
      note "what is new in the example since the last installation:"
      diff -U 0 -- "$old" "$new" | tail -n +3 | grep -v '^@@' | sed 's/^/    /' || :
    fi
    act "$old" replace "$new" "$old" 644
  fi
  if [[ -e $CONFIGURATION/$1 ]]; then found "$CONFIGURATION/$1 is yours, and is not touched"; fi
}

# Whether there is a version that roll_back could bring back.
has_previous() {
  local file
  for file in "${own[@]}" "${shared[@]}"; do
    if [[ -e $kept$file ]]; then return 0; fi
  done
  return 1
}

roll_back() {
  local file mode
  for file in "${own[@]}" "${shared[@]}"; do
    if [[ -e $kept$file ]]; then
      mode=$(stat -c %a -- "$kept$file")
      cmp -s -- "$kept$file" "$file" || replace "$kept$file" "$file" "$mode"
    else
      rm -f -- "$file"
    fi
  done
  systemctl daemon-reload
  end_change
}
