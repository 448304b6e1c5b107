# Builds python_env in a release and installs what is asked for, or makes it out of the one of an older release.
# In: release, records (of all releases), python, installer (auto|uv|pip), packages (requirements|project|command), reuse
# (pinned|always|never), relm_post (a function that runs the commands for afterwards), bring (never|missing|brought: it is sent to hosts that have none) and tools (where it is then), program (build_virtualenv/*.py), sources (how many of the arguments name requirements files or
# the command); the other arguments are for the installer.
cd -- "$release" || exit
env=$release/python_env record=$records/${release##*/}
say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=never

# The login shell's PATH is not ours: look where uv's installers put it, too.
uv='' version=''
if [ "$installer" != pip ]; then
  for candidate in "$(command -v uv)" "$HOME/.local/bin/uv" "$HOME/.cargo/bin/uv"; do
    if [ -n "$candidate" ] && [ -x "$candidate" ]; then uv=$candidate; break; fi
  done
  # One that was brought is named after its hash.
  if [ -z "$uv" ] && [ "$bring" != never ]; then
    for candidate in "$tools"/uv-*; do
      [ -x "$candidate" ] && sum=$(sha256sum <"$candidate") && [ "${sum%% *}" = "${candidate##*-}" ] && uv=$candidate
    done
    if [ -z "$uv" ] && [ "$bring" = missing ]; then say "no uv is on this host: bringing one"; exit 97; fi
  fi
  if [ -z "$uv" ] && [ "$installer" = uv ]; then fail "uv is not on this host, and Releases.toml asks for it"; fi
  if [ -n "$uv" ]; then version=$("$uv" --version 2>/dev/null); fi
fi
command -v "$python" >/dev/null 2>&1 || fail "$python is not on this host"

# What a broken attempt left must not end up in this one.
rm -rf -- "$env" "$record/virtualenv" "$record/virtualenv.key" || exit
mkdir -p -- "$record" || exit
if [ "$packages" != command ]; then
  "$python" -I -S -B -c "$program" reuse "$release" "$records" "$reuse" "$(command -v "$python")" "$version" \
    "$packages" "$sources" "$@"
  relm_status=$?
  # It must run, and run from here.
  if [ "$relm_status" -eq 0 ] && [ "$("$env/bin/python" -c 'import sys; print(sys.prefix)')" = "$env" ]; then exit 0; fi
  [ "$relm_status" -eq 3 ] || say "no older virtualenv can be used again: building one"
fi

install() {
  if [ -n "$uv" ]; then
    VIRTUAL_ENV=$env "$uv" pip install $cache "$@"
  elif [ -x "$env/bin/pip" ]; then
    "$env/bin/python" -m pip install --no-compile --no-warn-script-location "$@"
  else
    "$python" -m pip --python "$env/bin/python" install --no-compile --no-warn-script-location "$@"
  fi
}

# relm_build [ARGS…]: a new environment with everything in it.
relm_build() {
  rm -rf -- "$env" "$record/virtualenv" || exit
  if [ -n "$uv" ]; then
    say "uv venv ($version)"
    "$uv" venv --quiet --no-project --python "$(command -v "$python")" "$env" || exit
  else
    say "$python -m venv"
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
      # Debian ships it apart, in python3-venv; a pip outside can install into the environment instead.
      "$python" -m pip --version >/dev/null 2>&1 || fail "$python has neither ensurepip nor pip: install python3-venv"
      "$python" -m venv --without-pip "$env" || exit
    else
      "$python" -m venv "$env" || exit
    fi
  fi
  case $packages in
    requirements)
      # Each file becomes `-r FILE`, in order, before the installer's own arguments.
      left=$sources
      while [ "$left" -gt 0 ]; do
        file=$1; shift; left=$((left - 1))
        [ -f "$file" ] || fail "the release has no $file"
        set -- "$@" -r "$file"
      done
      install "$@" || exit ;;
    project)
      [ -f pyproject.toml ] || fail "the release has no pyproject.toml"
      if [ -f uv.lock ]; then
        [ -n "$uv" ] || fail "uv.lock needs uv, and it is not on this host"
        UV_PROJECT_ENVIRONMENT=$env "$uv" sync $cache --locked --no-dev "$@" || exit
      else
        install "$@" . || exit
      fi ;;
    command)
      relm_command=$1; shift
      export VIRTUAL_ENV="$env" PATH="$env/bin:$PATH"
      (eval "$relm_command") || exit ;;
  esac
  relm_post
  "$env/bin/python" -c '' || fail "python_env/bin/python does not run"
}

# The pip of commands that are run afterwards. One that uv has made has none of its own.
pip() {
  if [ -n "$uv" ]; then
    "$uv" pip "$@"
  elif [ -x "$env/bin/pip" ]; then
    "$env/bin/python" -m pip "$@"
  else
    "$python" -m pip --python "$env/bin/python" "$@"
  fi
}

relm_posted() {
  [ "$1" -eq 0 ] || fail "a command of \`post\` exited with $1"
}

relm_seal_virtualenv() {
  [ "$packages" != command ] || return 0
  "$env/bin/python" -I -S -B -c "$program" seal "$release" "$records"
}

cache=
relm_build "$@"
relm_seal_virtualenv
relm_status=$?
if [ "$relm_status" -eq 4 ] && [ -n "$uv" ]; then
  # uv links files out of its cache: someone's edit in another environment has come along.
  say "it was edited in the cache of uv (uv cache clean mends that): installing again without it"
  cache=--no-cache
  relm_build "$@"
  relm_seal_virtualenv
  relm_status=$?
fi
[ "$relm_status" -eq 0 ] || say "what was built is not written down: the next release cannot use it again"
exit 0
