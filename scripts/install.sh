# shellcheck shell=bash
# Installing a release. Sourced by ./dev.

install_usage="install takes --prefix DIR and --destdir DIR"

# The nearest folder that exists decides who may write there.
writable() {
  local folder=$1
  until [ -e "$folder" ]; do folder=$(dirname "$folder"); done
  [ -w "$folder" ]
}

# Meson asks dpkg-dev for it, and without that takes lib64, where no tool of Debian's looks.
debian_libdir() {
  local triplet
  [ -e /etc/debian_version ] || return 0
  triplet=$("${CC:-gcc}" -print-multiarch 2>/dev/null) || triplet=''
  echo "-Dlibdir=lib${triplet:+/$triplet}"
}

# What programs need to find it, where that is not where tools look by themselves.
say_how_to_use() { # PREFIX
  local libdir
  libdir=$(meson introspect --buildoptions build/install |
    python -c 'import json, sys; print(*[o["value"] for o in json.load(sys.stdin) if o["name"] == "libdir"])') || return
  echo "installed: $1/$libdir"
  pkg-config --variable=libdir eddy 2>/dev/null | grep -qxF "$1/$libdir" ||
    echo "to build:  export PKG_CONFIG_PATH=$1/$libdir/pkgconfig"
  ! command -v ldconfig >/dev/null || ldconfig -p | grep -qF " $1/$libdir/libeddy.so.0" ||
    echo "to run:    export LD_LIBRARY_PATH=$1/$libdir"
}

cmd_install() {
  local prefix=/usr/local destdir=''
  while [ $# != 0 ]; do
    case $1 in
      --prefix=*) prefix=${1#*=} ;;
      --destdir=*) destdir=${1#*=} ;;
      --prefix | --destdir)
        [ $# -gt 1 ] || usage_error "$install_usage"
        if [ "$1" = --prefix ]; then prefix=$2; else destdir=$2; fi
        shift ;;
      *) usage_error "$install_usage, not '$1'" ;;
    esac
    shift
  done
  [ -n "$prefix" ] || usage_error "$install_usage"
  prefix=$(realpath -m -- "$prefix")
  [ -z "$destdir" ] || destdir=$(realpath -m -- "$destdir")
  writable "$destdir$prefix" || {
    note "$destdir$prefix is not yours to write: be root, or choose another --prefix"
    return 1
  }
  need_packages build
  # shellcheck disable=SC2046
  with_gcc configure build/install -Dbuildtype=release -Db_ndebug=true "-Dprefix=$prefix" $(debian_libdir) >&2 &&
    meson compile -C build/install >&2 &&
    DESTDIR=$destdir meson install -C build/install --no-rebuild --quiet || return
  if [ -n "$destdir" ]; then
    echo "installed: $destdir$prefix"
    return
  fi
  # ldconfig is in no PATH of a user's on Debian.
  PATH=$PATH:/usr/sbin:/sbin
  [ "$(id -u)" != 0 ] || ! command -v ldconfig >/dev/null || ldconfig
  say_how_to_use "$prefix"
}
