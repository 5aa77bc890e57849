#!/usr/bin/env bash
# older.sh DIR: runs the contract tests in DIR, which some other machine has built, on every driver. They are told
# from Meson's run by nothing but that; see distro.sh.
set -euo pipefail

one() {
  local said status=0
  said=$(EDDY_DRIVER=$1 timeout 300 "$2" 2>&1) || status=$?
  case $status in
    0) echo passed ;;
    77) echo skipped ;;
    *) printf 'failed\nFAILED %s %s, exit %s\n%s\n' "$1" "${2##*/}" $status "$said" | tail -n 40 ;;
  esac
}
export -f one

said=$(for driver in epoll io_uring; do
  for program in "$1"/contract_*; do
    printf '%s %s\n' $driver "$program"
  done
done | xargs -P "$(nproc)" -n 2 bash -c 'one "$@"' older)
grep -vxE 'passed|skipped|failed' <<<"$said" || true
count() { grep -cx "$1" <<<"$said" || true; }
[ -z "${EDDY_TALLY:-}" ] || echo "$(count passed) $(count failed) $(count skipped)" >>"$EDDY_TALLY"
echo "$(count passed) passed, $(count failed) failed, $(count skipped) skipped"
[ "$(count passed)" != 0 ] && [ "$(count failed)" = 0 ]
