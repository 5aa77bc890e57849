# shellcheck shell=bash
# Tools and packages. Sourced by ./dev; defines need_packages GROUP...
#
# An entry is package=probe. Probes are shell built-ins and pkg-config, so that
# a machine with everything present pays next to nothing and never calls apt.

packages_of() {
  case $1 in
    build)
      echo "gcc=cmd:gcc g++=cmd:g++ meson=cmd:meson ninja-build=cmd:ninja,ninja-build" \
        "pkg-config=cmd:pkg-config python3=cmd:python3"
      [ "$(uname -s)" != Linux ] || echo "liburing-dev=pc:liburing" ;;
    test) echo "libcmocka-dev=pc:cmocka cmake=cmd:cmake luajit=cmd:luajit clang=cmd:clang" \
               "valgrind=cmd:valgrind wrk=cmd:wrk" ;;
    test_short) echo "libcmocka-dev=pc:cmocka" ;;
    distro) echo "debootstrap=cmd:debootstrap" ;;
    aarch64) echo "g++-aarch64-linux-gnu=cmd:aarch64-linux-gnu-g++ qemu-user=cmd:qemu-aarch64" ;;
    check) echo "g++-mingw-w64-x86-64-posix=cmd:x86_64-w64-mingw32-g++" \
                "clang-format=cmd:clang-format clang-tidy=cmd:clang-tidy clang=cmd:clang" ;;
    windows) echo "wine=cmd:wine wine64=cmd:wine g++-mingw-w64-x86-64-posix=cmd:x86_64-w64-mingw32-g++-posix" \
                  "gcc-mingw-w64-x86-64-posix=cmd:x86_64-w64-mingw32-gcc-posix" \
                  "binutils-mingw-w64-x86-64=cmd:x86_64-w64-mingw32-strip" \
                  "clang=cmd:clang lld=cmd:lld-link" ;;
    load) echo "wrk=cmd:wrk" ;;
    cmake) echo "cmake=cmd:cmake" ;;
    clang) echo "clang=cmd:clang" ;;
    bench) echo "libuv1-dev=pc:libuv libevent-dev=pc:libevent libasio-dev=header:asio.hpp" \
                "strace=cmd:strace valgrind=cmd:valgrind" ;;
    format) echo "clang-format=cmd:clang-format" ;;
    python) echo "python3=cmd:python3" ;;
  esac
}

probe() {
  local what=${1#*:} one
  case $1 in
    cmd:*)
      for one in ${what//,/ }; do command -v "$one" >/dev/null 2>&1 && return 0; done
      return 1 ;;
    pc:*) pkg-config --exists "$what" 2>/dev/null ;;
    header:*)
      for one in /usr/include /usr/local/include /opt/homebrew/include; do
        [ -e "$one/$what" ] && return 0
      done
      return 1 ;;
  esac
}

missing_of() {
  local group entry
  for group in "$@"; do
    for entry in $(packages_of "$group"); do
      probe "${entry#*=}" || echo "${entry%%=*}"
    done
  done | sort -u | tr '\n' ' '
}

# The newest clang here, which may be older than the newest that need_newest_clang could have got.
newest_clang() { compgen -c clang- | grep -xE 'clang-[0-9]+' | sort -V | tail -n 1; }

# A new clang comes under a name of its own, and its warnings are next year's.
need_newest_clang() {
  local newest
  command -v apt-cache >/dev/null 2>&1 || return 0
  newest=$(apt-cache pkgnames clang- | grep -xE 'clang-[0-9]+' | sort -V | tail -n 1)
  [ -z "$newest" ] || probe "cmd:$newest" || install_packages "$newest" ||
    note "could not install $newest; the newest here is $(newest_clang)"
}

apt_run() {
  local said
  local -a as=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || return 1
    as=(sudo)
  fi
  said=$(${as[@]+"${as[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -qq \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" 2>&1) && return 0
  echo "$said" >&2
  return 1
}

install_packages() {
  note "installing: $*"
  if [ -z "${apt_updated:-}" ]; then
    apt_run update || note "apt-get update failed; trying with the lists at hand"
    apt_updated=1
  fi
  apt_run install -y --no-install-recommends "$@"
}

need_packages() {
  local missing
  missing=$(missing_of "$@")
  [ -z "$missing" ] && return 0
  if ! command -v apt-get >/dev/null 2>&1; then
    note "this machine has no apt-get; please install by hand (Debian's names): $missing"
    exit 3
  fi
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null 2>&1; then
    note "neither root nor sudo; please install by hand: $missing"
    exit 3
  fi
  # shellcheck disable=SC2086
  install_packages $missing || { note "could not install: $missing"; exit 3; }
  hash -r
  missing=$(missing_of "$@")
  [ -z "$missing" ] || { note "still missing after the installation: $missing"; exit 3; }
}

# The sanitizer runtime of clang is a package of its own, named after the
# version, and older releases keep it in libclang-common.
need_clang_runtime() {
  local dir version
  dir=$(clang -print-resource-dir)
  ls "$dir"/lib/*/libclang_rt.asan* >/dev/null 2>&1 && return 0
  version=$(clang --version | sed -n 's/.*version \([0-9]*\).*/\1/p' | head -n 1)
  command -v apt-get >/dev/null 2>&1 || { note "please install clang's sanitizer runtime"; exit 3; }
  install_packages "libclang-rt-$version-dev" || install_packages "libclang-common-$version-dev" ||
    { note "could not install clang's sanitizer runtime"; exit 3; }
}
