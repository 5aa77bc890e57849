# shellcheck shell=bash
# README's installation, the demo and the suite in a bare Debian of another release. Sourced by ./dev.
#
# build/distro/NAME.base is what debootstrap made, once; NAME is a fresh copy of it for each run, so that
# the set-up meets a bare machine; NAME.debs keeps the packages that were fetched.

distro_home=build/distro
as_root=()

# cannot_distro REASON: as with a driver that is not there, only a run under CI fails for it.
cannot_distro() {
  echo "SKIP: $*"
  if [ -n "${CI:-}" ] && [ "$CI" != false ]; then return 1; fi
  [ -z "${EDDY_TALLY:-}" ] || echo "0 0 1" >>"$EDDY_TALLY"
}

# "site [-security|-updates]": this machine's Debian sources. None: debootstrap's own default stays.
distro_sites() {
  apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' 2>/dev/null |
    awk '$3 == "main" && ($4 == "Debian" || $4 == "$(ORIGIN)") { sub(/^[^-]*/, "", $2); print $1, $2 }' |
    awk '$2 ~ /^(-security|-updates)?$/ && !seen[$2]++'
}

distro_base() { # NAME
  local name=$1 base=$distro_home/$1.base site proxy=''
  [ ! -d "$base" ] || return 0
  site=$(distro_sites | awk 'NF == 1 { print $1 }')
  # APT's proxy is a setting, debootstrap's a variable.
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  note "debootstrap $name from ${site:-its default}"
  mkdir -p "$distro_home"
  "${as_root[@]}" rm -rf "$base.tmp" &&
    "${as_root[@]}" env ${proxy:+http_proxy="$proxy"} \
      debootstrap --variant=minbase "$name" "$base.tmp" ${site:+"$site"} >"$distro_home/$name.log" 2>&1 &&
    "${as_root[@]}" mv "$base.tmp" "$base"
}

# How this machine reaches its packages; it stays under build/.
distro_network() { # ROOT NAME
  local root=$1 name=$2 file
  if [ -n "$(distro_sites)" ]; then
    distro_sites | while read -r site kind; do echo "deb $site $name$kind main"; done |
      "${as_root[@]}" tee "$root/etc/apt/sources.list" >/dev/null || return
  fi
  apt-config dump | grep '^Acquire::' |
    grep -vE '^Acquire::(IndexTargets|CompressionTypes|Changelogs|Languages|GzipIndexes|cdrom)' |
    "${as_root[@]}" tee "$root/etc/apt/apt.conf.d/10host" >/dev/null
  "${as_root[@]}" mkdir -p "$root/etc/ssl/certs" || return
  for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
    [ ! -e "$file" ] || "${as_root[@]}" cp -L "$file" "$root$file" || return
  done
}

# The files that git knows or would take; without git everything but what was built.
distro_tree() {
  if [ -e .git ] && command -v git >/dev/null; then
    git -c safe.directory='*' ls-files -z --cached --others --exclude-standard |
      tar --create --null --files-from=- --ignore-failed-read
  else
    tar --create --exclude=./build --exclude='./build-*' .
  fi
}

distro_root() { # NAME
  local root=$distro_home/$1
  note "a bare $1 in $root"
  "${as_root[@]}" rm -rf --one-file-system "$root" &&
    "${as_root[@]}" cp -a --reflink=auto "$root.base" "$root" &&
    distro_network "$root" "$1" &&
    "${as_root[@]}" mkdir -p "$root/eddy" "$root.debs/partial" &&
    distro_tree | "${as_root[@]}" tar --extract --no-same-owner --directory="$root/eddy"
}

# distro_run NAME COMMAND...: in the root. It has its mounts and processes to itself, which end with it, however
# it ends.
distro_run() {
  local root=$PWD/$distro_home/$1 variable
  local -a kept=()
  shift
  for variable in CI TERM http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [ -z "${!variable:-}" ] || kept+=("$variable=${!variable}")
  done
  "${as_root[@]}" unshare --mount --pid --fork --kill-child bash -euc '
    root=$1
    shift
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
    mount --bind "$root.debs" "$root/var/cache/apt/archives"
    status=0
    chroot "$root" "$@" || status=$?
    exit $status' distro "$root" \
    env -i "${kept[@]}" PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 EDDY_TALLY=/eddy/tally \
    bash -c 'cd /eddy && "$@"' distro "$@"
}

# A library that was built with an older libc runs with a newer one: the contract tests, and the demo on the shared
# library, as they were built on this machine.
distro_runs_older() { # NAME
  local name=$1 older=$distro_home/$1/older here there targets
  here=$(ldd --version | sed -n '1s/.* //p')
  there=$(distro_run "$name" ldd --version | sed -n '1s/.* //p')
  if [ "$here" = "$there" ] || [ "$(printf '%s\n' "$here" "$there" | sort -V | tail -n 1)" = "$here" ]; then
    note "built here with libc $here, $name has $there: not run there"
    return 0
  fi
  need_packages build test
  with_gcc configure_tests build/test -Dbuildtype=debugoptimized -Dwerror=true -Dstress=false &&
    targets=$(ninja -C build/test -t targets all) || return
  targets=$(sed -nE 's,^(test/contract/contract_[a-z0-9_]+|examples/eddy-(demo|echo)): .*,\1,p' <<<"$targets")
  # shellcheck disable=SC2086
  ninja -C build/test $targets || return
  "${as_root[@]}" rm -rf "$older" && "${as_root[@]}" mkdir -p "$older/examples" &&
    find build/test -maxdepth 1 -name 'libeddy.so*' ! -type d -exec "${as_root[@]}" cp -P -t "$older" {} + &&
    find build/test/test/contract -name 'contract_*' -type f -exec "${as_root[@]}" cp -t "$older" {} + &&
    "${as_root[@]}" cp build/test/examples/eddy-{demo,echo} "$older/examples" || return
  note "in $name, what was built here with libc $here:"
  distro_run "$name" /older/examples/eddy-demo && distro_run "$name" bash scripts/older.sh /older
}

# distro NAME SHORT: the demo and the whole suite, or what .ci/run asks for.
distro() {
  local name=$1 short=$2 status=0
  [ "$(uname -s)" = Linux ] || { cannot_distro "a root of another Debian needs Linux"; return; }
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { cannot_distro "a root of another Debian needs to be made by root"; return; }
    as_root=(sudo)
  fi
  (need_packages distro) || { cannot_distro "there is no debootstrap"; return; }
  "${as_root[@]}" unshare --mount --pid --fork --kill-child true 2>/dev/null ||
    { cannot_distro "this machine lets nobody mount (a container?)"; return; }
  distro_base "$name" || {
    tail -n 5 "$distro_home/$name.log" >&2
    cannot_distro "debootstrap could not make $name; see $distro_home/$name.log"
    return
  }
  distro_root "$name" || return
  distro_run "$name" bash scripts/linked.sh || status=$?
  if [ $status != 0 ]; then
    note "what README.md says of linking does not work in $name"
  elif [ "$short" = true ]; then
    distro_run "$name" ./dev test --short || status=$?
  else
    distro_run "$name" ./dev demo && distro_run "$name" ./dev test || status=$?
  fi
  [ $status != 0 ] || distro_runs_older "$name" || status=$?
  [ -z "${EDDY_TALLY:-}" ] || cat "$distro_home/$name/eddy/tally" >>"$EDDY_TALLY" || true
  return $status
}
