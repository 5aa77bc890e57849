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
  need_packages build windows || return
  need_cmocka_source
}

build_windows() { # DIR OPTION...
  local dir=$1
  shift
  configure "$dir" --cross-file=scripts/cross/mingw.ini "$@" || {
    [ -f "$cmocka_source" ] || note "the source of CMocka is missing and could not be fetched: put it at $cmocka_source"
    return 1
  }
  meson compile -C "$dir"
}

# test_windows STRESS [meson test options]. Each test has a time limit of its own; the one here is for Wine itself.
test_windows() {
  local stress=$1
  shift
  need_windows || return
  build_windows build/windows -Dtests=true -Dbuildtype=debugoptimized -Dwerror=true -Dstress="$stress" || return
  (
    trap wine_end EXIT
    wine_begin || exit
    driver_wanted=$windows_driver runner=(timeout --foreground -k 30 2400)
    if [ "$stress" = true ]; then stress_loop build/windows "$@"; else run_suite build/windows "$@"; fi
  )
}
