# shellcheck shell=bash
# The cross build for 64-bit ARM and its runs under qemu. Sourced by ./dev.

aarch64_sysroot=$PWD/build/aarch64-sysroot

# What eddy links and its tests use, from Debian's packages for ARM, unpacked beside the build: the system itself
# stays one of a single architecture.
need_aarch64_sysroot() {
  local work
  [ ! -d "$aarch64_sysroot" ] || return 0
  work=$(mktemp -d) && mkdir -p "$work/lists/partial" "$work/cache" "$work/root" build || return
  (cd "$work" && chmod 777 . lists lists/partial &&
    options=(-qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o Dir::State::status=/dev/null \
      -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache") &&
    apt-get "${options[@]}" update &&
    apt-get "${options[@]}" download liburing-dev liburing2 libcmocka-dev libcmocka0 &&
    for package in *.deb; do dpkg-deb --extract "$package" root || exit; done) >/dev/null &&
    mv "$work/root" "$aarch64_sysroot" || {
    rm -rf "$work"
    note "could not fetch liburing and CMocka for arm64"
    return 1
  }
  rm -rf "$work"
}

build_aarch64() { # DIR OPTION...
  local dir=$1
  shift
  need_aarch64_sysroot || return
  printf "[constants]\nsysroot = '%s'\n" "$aarch64_sysroot" >build/aarch64-sysroot.ini
  configure "$dir" --cross-file=build/aarch64-sysroot.ini --cross-file=scripts/cross/aarch64.ini "$@" &&
    meson compile -C "$dir"
}

# What a stranger would try first. qemu knows neither io_uring nor the length of an accept queue, and does not fork a
# process with threads: what eddy says of the first is tested, what asks for the others is left out.
aarch64_tests="stream_echo timer_sleeps_and_ticks loop_yield loop_turn_order loop_embedding fd_poll
  alone_many_connections op_once op_inline op_yours_again op_cancel op_deadline op_lent_memory stream_order
  handle_close error_numbers post_remote op_multishot loop_drain loop_stop fork_child local_pair pool_credits
  pool_fifo stream_bind_connect stream_duplex stream_options stream_shutdown stream_vectored local_path work_order
  work_pool ring_refused"

test_aarch64() {
  local name
  local -a tests=()
  need_packages build aarch64
  for name in $aarch64_tests; do tests+=("epoll/$name"); done
  build_aarch64 build/aarch64 -Dtests=true -Dbuildtype=debugoptimized -Dwerror=true &&
    driver_wanted=epoll run_suite build/aarch64 --timeout-multiplier 4 "${tests[@]}"
}
