# shellcheck shell=bash
# Injected faults, all of them. Sourced by ./dev.

faults_at_once=6000 # runs with two to five faults each

check_faults() {
  local only=''
  case "${1:-}" in
    '') ;;
    --only) only=${2:-} ;;
    *) usage_error "check faults takes --only TEXT" ;;
  esac
  stages_begin
  stage "programs" faults_build build/test
  stage "one fault" faults_run build/test --only "$only"
  stage "servers" faults_servers build/test --only "$only"
  stage "programs, asan+ubsan" faults_build_sanitized build/asan
  stage "several, asan+ubsan" faults_run build/asan --sanitized --only "$only" --several $faults_at_once
  stages_end
}

faults_build() {
  with_gcc configure "$1" -Dtests=true -Dexamples=true -Dbuildtype=debugoptimized -Dwerror=true -Dstress=false &&
    faults_compile "$1"
}

faults_build_sanitized() {
  configure_sanitized gcc "$1" address,undefined && faults_compile "$1"
}

faults_compile() {
  ninja -C "$1" test/faults/inject test/faults/features test/faults/features_cpp \
    examples/eddy-echo examples/eddy-echo-coro examples/httpd examples/hello examples/hello-cpp
}

faults_run() {
  local dir=$1
  shift
  or_skipped python test/faults/run.py --tally --programs "$dir/test/faults" "$@"
}

faults_servers() {
  local dir=$1
  shift
  or_skipped python test/faults/servers.py --tally --programs "$dir/test/faults" --examples "$dir/examples" "$@"
}

# A machine on which calls cannot be failed says so, and is no failure.
or_skipped() {
  local status=0
  "$@" || status=$?
  [ $status = 0 ] || [ $status = 77 ]
}
