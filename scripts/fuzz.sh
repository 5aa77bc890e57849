# shellcheck shell=bash
# Many seeds. Sourced by ./dev.

fuzz_programs="test/fuzz/fuzz_lockstep test/fuzz/fuzz_options test/fuzz/fuzz_readers test/unit/unit_api_addr_fuzz
  test/cpp/http/http_fuzz"

check_fuzz() {
  local dir=build/test argument
  local -a options=()
  for argument in "$@"; do
    if [ "$argument" = --sanitize ]; then dir=build/asan; else options+=("$argument"); fi
  done
  if [ $dir = build/asan ]; then
    configure_sanitized gcc $dir address,undefined
  else
    with_gcc configure $dir -Dtests=true -Dexamples=true -Dbuildtype=debugoptimized -Dwerror=true -Dstress=false
  fi || return
  # shellcheck disable=SC2086
  ninja -C $dir $fuzz_programs && python test/fuzz/run.py --build $dir ${options[@]+"${options[@]}"}
}
