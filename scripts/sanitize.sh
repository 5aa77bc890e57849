# shellcheck shell=bash
# The suite under sanitizers. Sourced by ./dev.

# Randomised mappings can land where a sanitizer keeps its shadow; then the
# suite runs without them.
choose_runner() {
  local flag=$1 compiler=$2 dir=$3
  runner=()
  echo 'int main(void) { return 0; }' >"$dir/probe.c" &&
    "$compiler" -fsanitize="$flag" "$dir/probe.c" -o "$dir/probe" || return
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    "$dir/probe" >/dev/null 2>&1 || { runner=(setarch -R); break; }
  done
  if [ ${#runner[@]} != 0 ] && ! setarch -R "$dir/probe" >/dev/null; then
    note "programs built with -fsanitize=$flag do not start on this machine"
    return 1
  fi
}

# configure_sanitized gcc|clang DIR FLAGS, and how the sanitizers behave at run time.
configure_sanitized() {
  local compiler=$1 dir=$2 flags=$3
  # The check of vptr opens a pipe to see whether memory is there, and takes a full descriptor table for no.
  # Sanitizers bring warnings about code the optimizer no longer sees through;
  # the plain builds are the ones that must be free of warnings.
  with_"$compiler" configure_tests "$dir" -Dbuildtype=debug -Doptimization=1 \
    -Db_sanitize=$flags -Db_lundef=false -Dwerror=false \
    -Dc_args=-fno-omit-frame-pointer -Dcpp_args="-fno-omit-frame-pointer -fno-sanitize=vptr" || return
  export ASAN_OPTIONS=halt_on_error=1:detect_leaks=1:detect_stack_use_after_return=1
  export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
  [ ! -f test/tsan.supp ] || TSAN_OPTIONS=$TSAN_OPTIONS:suppressions=$PWD/test/tsan.supp
}

cmd_sanitize() {
  local kind=${1:-} flags multiplier compiler=gcc dir status=0
  case $kind in
    asan) flags=address,undefined multiplier=3 ;;
    tsan) flags=thread multiplier=5 ;;
    '') usage_error "sanitize needs asan or tsan" ;;
    *) usage_error "there is no sanitizer set '$kind' (asan, tsan)" ;;
  esac
  shift
  dir=build/$kind
  case "${1:-}" in
    '') ;;
    --clang) compiler=clang dir=build/$kind-clang ;;
    *) usage_error "sanitize has no option '$1'" ;;
  esac
  need_packages build test
  [ $compiler = gcc ] || need_clang_runtime

  configure_sanitized $compiler "$dir" $flags || return
  choose_runner "$flags" $compiler "$dir" || return

  # Symbols and sizes, and programs built elsewhere, are no matter of these builds.
  run_suite "$dir" --timeout-multiplier $multiplier \
    --no-suite lint --no-suite install --no-suite abi || status=$?
  runner=()
  return $status
}

# Sanitizers of clang's in a build that is set up by hand, with no other option, as a user's would be.
sanitize_by_hand() {
  local flags dir status=0
  need_packages build clang
  need_clang_runtime
  for flags in address,undefined thread; do
    dir=build/by-hand-${flags%%,*}
    rm -rf "$dir" && with_clang meson setup "$dir" "-Db_sanitize=$flags" -Dexamples=true && meson compile -C "$dir" &&
      choose_runner "$flags" clang "$dir" || return
    UBSAN_OPTIONS=halt_on_error=1 TSAN_OPTIONS=halt_on_error=1 ${runner[@]+"${runner[@]}"} \
      "$dir/examples/eddy-demo" --seconds 1 || status=$?
    runner=()
    [ $status = 0 ] || return $status
  done
}
