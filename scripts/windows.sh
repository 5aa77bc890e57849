# shellcheck shell=bash
# The cross build for Windows and its runs under Wine. Sourced by ./dev.

cmocka_source=subprojects/packagecache/cmocka-1.1.5.tar.xz

# CMocka's source: from Debian's source package, so that the wrap's own address is asked only elsewhere.
need_cmocka_source() {
  local want=$cmocka_source work site release
  [ ! -f "$want" ] || return 0
  command -v apt-get >/dev/null 2>&1 || return 0
  work=$(mktemp -d) && mkdir -p "$work/lists/partial" subprojects/packagecache || return
  # Where this system's packages come from, their sources do too.
  read -r site release < <(apt-get indextargets --format '$(SITE) $(RELEASE)' 'Created-By: Packages' | head -n 1)
  echo "deb-src $site $release main" >"$work/sources"
  (cd "$work" && chmod 777 . lists lists/partial &&
    options=(-qq -o "Dir::Etc::sourcelist=$work/sources" -o Dir::Etc::sourceparts=- \
      -o "Dir::State::lists=$work/lists") &&
    apt-get "${options[@]}" update && apt-get "${options[@]}" source --download-only cmocka) >/dev/null 2>&1 || true
  cp "$work"/cmocka_1.1.5.orig.tar.xz "$want" 2>/dev/null ||
    note "no CMocka 1.1.5 among this system's source packages; Meson will fetch it"
  rm -rf "$work"
}

# A prefix of this checkout, made once. The first program starts Windows' services, which would hold a pipe
# open for ever: it runs on /dev/null, and the server stays until wine_end.
wine_begin() {
  export WINEPREFIX=$PWD/build/wine WINEDEBUG=-all LC_ALL=C.UTF-8
  export WINEDLLOVERRIDES='mscoree,mshtml,winedbg.exe='
  mkdir -p "$WINEPREFIX" || return
  wineserver -p </dev/null >/dev/null 2>&1 || true
  timeout 300 wine wineboot -i </dev/null >/dev/null 2>&1 ||
    { note "Wine does not start a prefix"; return 1; }
  timeout 60 wine reg add 'HKCU\Software\Wine' /v Version /d win10 /f </dev/null >/dev/null 2>&1
}

wine_end() { timeout 60 wineserver -k </dev/null >/dev/null 2>&1 || true; }

need_windows() {
  need_packages build windows load cmake || return
  need_cmocka_source
}

build_windows() { # DIR gcc|clang OPTION...
  local dir=$1 compiler=$2 gcc
  local -a cross=(--cross-file=scripts/cross/mingw.ini)
  shift 2
  if [ "$compiler" = clang ]; then
    gcc=$(x86_64-w64-mingw32-gcc-posix -print-libgcc-file-name) || return
    mkdir -p build
    printf "[constants]\ngcc = '%s'\n" "$(dirname "$gcc")" >build/mingw-gcc.ini
    cross+=(--cross-file=build/mingw-gcc.ini --cross-file=scripts/cross/mingw-clang.ini)
  fi
  configure "$dir" "${cross[@]}" "$@" || {
    [ -f "$cmocka_source" ] || note "the source of CMocka is missing and could not be fetched: put it at $cmocka_source"
    return 1
  }
  meson compile -C "$dir"
}

demo_windows() {
  local status=0
  trap ':' INT # the demo's to handle
  wine_begin || return
  wine build/windows-release/examples/eddy-demo.exe "$@" || status=$?
  wine_end
  return $status
}

# test_windows gcc|clang STRESS [meson test options]. Each test has a time limit of its own; the one here is for
# Wine itself.
test_windows() {
  local compiler=$1 stress=$2 dir=build/windows
  shift 2
  need_windows || return
  if [ "$compiler" = clang ]; then
    need_packages clang || return
    dir=build/windows-clang
  fi
  build_windows "$dir" "$compiler" -Dtests=true -Dexamples=true -Dbuildtype=debugoptimized -Dwerror=true \
    -Dstress="$stress" || return
  (
    trap wine_end EXIT
    wine_begin || exit
    driver_wanted=$windows_driver runner=(timeout --foreground -k 30 2400)
    # Wine needs a page at a fixed address, where the kernel's randomizing puts something else now and then.
    ! setarch -R true 2>/dev/null || runner=(setarch -R "${runner[@]}")
    # Building and installing for Windows is half of a round's time, and the same each time.
    if [ "$stress" = true ]; then stress_loop "$dir" --no-suite install "$@"; else run_suite "$dir" "$@"; fi
  )
}
