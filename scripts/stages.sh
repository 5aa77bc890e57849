# shellcheck shell=bash
# Stages with their minutes, and the sum of all test counts. Sourced by ./dev
# and .ci/run. A command that runs tests appends "passed failed skipped" to
# the file named by EDDY_TALLY.

stages_begin() {
  stage_failures=0
  stage_lines=''
  stage_tally=$(mktemp)
  trap 'rm -f "$stage_tally"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  export EDDY_TALLY=$stage_tally
}

stage() {
  local name=$1 begin=$SECONDS failed_before took verdict=ok
  shift
  failed_before=$(tally_column 2)
  printf '\n== %s\n' "$name"
  if ! "$@"; then
    verdict=FAILED
    stage_failures=$((stage_failures + 1))
    # A stage without tests of its own still shows up in the sum.
    [ "$(tally_column 2)" != "$failed_before" ] || echo "0 1 0" >>"$stage_tally"
  fi
  took=$(awk -v s=$((SECONDS - begin)) 'BEGIN { printf "%.1f", s / 60 }')
  printf '== %s: %s, %s min\n' "$name" "$verdict" "$took"
  stage_lines="$stage_lines$(printf '%-24s %-7s %5s min' "$name" "$verdict" "$took")
"
}

tally_column() {
  awk -v c="$1" '{ n += $c } END { print n + 0 }' "$stage_tally"
}

# Ends with the sum, alone on the last line.
stages_end() {
  printf '\n%s' "$stage_lines"
  printf 'all together: %s min\n' "$(awk -v s="$SECONDS" 'BEGIN { printf "%.1f", s / 60 }')"
  printf '%d passed, %d failed, %d skipped\n' \
    "$(tally_column 1)" "$(tally_column 2)" "$(tally_column 3)"
  [ "$stage_failures" = 0 ]
}
