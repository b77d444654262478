#!/bin/sh
# The fail-fast pattern for images without Node.js: what `stagewatch sentinel wait|done|fail` does, in POSIX sh.
# Needs sed, tr, date, mv, mkdir, rm, sleep, tail and cat (busybox has them). One difference: `wait` asks once a second.
set -u

usage() {
  cat >&2 <<'USAGE'
usage:
  sentinel.sh wait [--timeout 2h] [--all|--any] PATH...
      ends when each PATH (--any: one of them) is there, and prints those; ends at once on PATH.failed, with its
      error on standard error. Exit status: 0 there, 1 failed, 4 timed out
  sentinel.sh done PATH [--data JSON|-]
      writes PATH, makes folders, removes PATH.failed
  sentinel.sh fail PATH --error TEXT|- [--worker NAME] [--reason REASON]
      writes PATH.failed; refused (1) when PATH is there, because a failure undoes no success
  - is standard input
USAGE
}

wrong() {
  printf 'stagewatch sentinel: %s\n' "$1" >&2
  usage
  exit 2
}

say() {
  printf 'stagewatch sentinel: %s\n' "$1" >&2
}

now() {
  date -u +%Y-%m-%dT%H:%M:%SZ
}

# Standard input as the inside of a JSON string: control characters but line breaks and tabs go, as do spaces at the ends.
json_text() {
  tr -d '\000-\010\013-\037\177' | sed -e ':a' -e '$!N' -e '$!ba' -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' \
    -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' -e 's/\n/\\n/g'
}

# Standard input is a JSON object: strings, numbers and words become values, then what holds values becomes one itself.
is_object() {
  tr '\n\r\t' '   ' | sed -E -e 's/"([^"\\]|\\.)*"/S/g' -e 's/-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/V/g' \
    -e 's/true|false|null/V/g' -e 's/ +//g' -e ':a' \
    -e 's/\[([SVO](,[SVO])*)?\]/V/g' -e 's/\{(S:[SVO](,S:[SVO])*)?\}/O/g' -e 'ta' | grep -qx O
}

# PATH CONTENT: readers see all of it or nothing. The name begins with a dot, which the daemon leaves out.
write() {
  folder=${1%/*}
  [ "$folder" = "$1" ] && folder=.
  [ -n "$folder" ] || folder=/
  mkdir -p -- "$folder" || return 1
  temporary="$folder/.$$-sentinel.tmp"
  if printf '%s\n' "$2" >"$temporary" && mv -f -- "$temporary" "$1"; then return 0; fi
  rm -f -- "$temporary"
  return 1
}

# The text of "error" in a failure sentinel, or all of a file that is no JSON.
failure_text() {
  text=$(tr '\n' ' ' <"$1" 2>/dev/null) || text='the job failed, and why cannot be read'
  case $text in
  *[![:space:]]*) ;;
  *)
    printf '%s\n' 'the job failed, and its failure sentinel is empty'
    return
    ;;
  esac
  if printf '%s' "$text" | is_object; then
    found=$(printf '%s\n' "$text" |
      sed -nE -e 's/^ *\{ *"error" *: *"(([^"\\]|\\.)*)".*/\1/p' -e 't' \
        -e 's/.*[{,] *"error" *: *"(([^"\\]|\\.)*)".*/\1/p')
    [ -n "$found" ] || found='the job failed without saying why'
    printf '%s\n' "$found" | sed -e 's/\\n/\
/g' -e 's/\\t/	/g' -e 's/\\"/"/g' -e 's/\\\//\//g' -e 's/\\\\/\\/g'
  else
    printf '%s\n' "$(cat "$1")"
  fi
}

# A duration such as 1h30m in whole seconds, rounded up.
seconds_of() {
  case $1 in
  '' | *[!0-9mshd]*) return 1 ;;
  esac
  rest=$1
  total_ms=0
  while [ -n "$rest" ]; do
    amount=${rest%%[!0-9]*}
    rest=${rest#"$amount"}
    [ -n "$amount" ] || return 1
    case $rest in
    ms*) unit=ms factor=1 ;;
    s*) unit=s factor=1000 ;;
    m*) unit=m factor=60000 ;;
    h*) unit=h factor=3600000 ;;
    d*) unit=d factor=86400000 ;;
    *) return 1 ;;
    esac
    rest=${rest#"$unit"}
    # Leading zeros would make it octal.
    while [ "${amount#0}" != "$amount" ] && [ "${#amount}" -gt 1 ]; do amount=${amount#0}; done
    total_ms=$((total_ms + amount * factor))
  done
  printf '%s\n' $(((total_ms + 999) / 1000))
}

cmd_wait() {
  timeout=
  any=no
  all=no
  count=0
  # Paths go to the end of the arguments, one after the other, which keeps spaces in them.
  left=$#
  while [ "$left" -gt 0 ]; do
    case $1 in
    --timeout)
      [ "$left" -gt 1 ] || wrong "Option '--timeout' needs a value"
      timeout=$(seconds_of "$2") || wrong "--timeout $2: expected a duration such as 30s, 10m, 2h or 1h30m"
      shift
      left=$((left - 1))
      ;;
    --timeout=*)
      timeout=$(seconds_of "${1#*=}") || wrong "--timeout ${1#*=}: expected a duration such as 30s, 10m, 2h or 1h30m"
      ;;
    --any) any=yes ;;
    --all) all=yes ;;
    --)
      shift
      left=$((left - 1))
      while [ "$left" -gt 0 ]; do
        set -- "$@" "$1"
        shift
        count=$((count + 1))
        left=$((left - 1))
      done
      break
      ;;
    -*) wrong "wait takes no $1" ;;
    *)
      set -- "$@" "$1"
      count=$((count + 1))
      ;;
    esac
    shift
    left=$((left - 1))
  done
  [ "$any$all" != yesyes ] || wrong '--all or --any, not both'
  [ "$count" -gt 0 ] || wrong 'wait: no path to wait for'
  began=$(date +%s)
  while :; do
    there=0
    failed=0
    first=
    for path in "$@"; do
      if [ -e "$path" ]; then
        there=$((there + 1))
        if [ "$any" = yes ]; then
          printf '%s\n' "$path"
          exit 0
        fi
      elif [ -e "$path.failed" ]; then
        failed=$((failed + 1))
        [ -n "$first" ] || first=$path
      fi
    done
    if [ "$failed" -gt 0 ] && { [ "$any" = no ] || [ "$failed" -eq "$count" ]; } && [ ! -e "$first" ]; then
      failure_text "$first.failed" >&2
      exit 1
    fi
    if [ "$there" -eq "$count" ]; then
      printf '%s\n' "$@"
      exit 0
    fi
    if [ -n "$timeout" ] && [ $(($(date +%s) - began)) -ge "$timeout" ]; then
      missing=
      for path in "$@"; do
        [ -e "$path" ] || missing="$missing${missing:+, }$path"
      done
      say "no sentinel within $timeout s: $missing"
      exit 4
    fi
    sleep 1
  done
}

cmd_done() {
  path=
  data=
  has_data=no
  while [ $# -gt 0 ]; do
    case $1 in
    --data)
      [ $# -gt 1 ] || wrong "Option '--data' needs a value"
      data=$2
      has_data=yes
      shift
      ;;
    --data=*)
      data=${1#*=}
      has_data=yes
      ;;
    -*) wrong "done takes no $1" ;;
    *)
      [ -z "$path" ] || wrong 'done takes one path'
      path=$1
      ;;
    esac
    shift
  done
  [ -n "$path" ] || wrong 'done takes one path'
  if [ "$has_data" = no ]; then
    data="{\"finished_at\":\"$(now)\"}"
  else
    [ "$data" != - ] || data=$(cat)
    printf '%s' "$data" | is_object || wrong '--data: expected a JSON object'
  fi
  write "$path" "$data" || exit 1
  rm -f -- "$path.failed"
}

refuse_failure() {
  say "$1 is there: the job succeeded, and a failure undoes no success"
  exit 1
}

cmd_fail() {
  path=
  error=
  has_error=no
  worker=
  reason=
  while [ $# -gt 0 ]; do
    case $1 in
    --error | --worker | --reason)
      [ $# -gt 1 ] || wrong "Option '$1' needs a value"
      name=${1#--}
      value=$2
      shift
      ;;
    --error=* | --worker=* | --reason=*)
      name=${1%%=*}
      name=${name#--}
      value=${1#*=}
      ;;
    -*) wrong "fail takes no $1" ;;
    *)
      [ -z "$path" ] || wrong 'fail takes one path'
      path=$1
      name=
      ;;
    esac
    case $name in
    error) error=$value has_error=yes ;;
    worker) worker=$value ;;
    reason) reason=$value ;;
    esac
    shift
  done
  [ -n "$path" ] || wrong 'fail takes one path'
  [ "$has_error" = yes ] || wrong 'fail needs --error TEXT, or --error - for standard input'
  # The end of an error says most, and a whole log must not become one.
  if [ "$error" = - ]; then
    error=$(tail -c 8000 | json_text)
  else
    error=$(printf '%s' "$error" | tail -c 8000 | json_text)
  fi
  [ -n "$error" ] || error='no error given'
  [ -n "$worker" ] || worker=${STAGEWATCH_NAME:-${HOSTNAME:-}}
  [ ! -e "$path" ] || refuse_failure "$path"
  content="{\"error\":\"$error\""
  [ -z "$worker" ] || content="$content,\"worker\":\"$(printf '%s' "$worker" | json_text)\""
  [ -z "$reason" ] || content="$content,\"reason\":\"$(printf '%s' "$reason" | json_text)\""
  # The same failure said twice is one failure.
  if [ -f "$path.failed" ]; then
    case $(cat "$path.failed") in
    "$content,\"failed_at\":"*) exit 0 ;;
    esac
  fi
  write "$path.failed" "$content,\"failed_at\":\"$(now)\"}" || exit 1
  # It may have succeeded between the look and the write: the last of the two removes the failure.
  [ ! -e "$path" ] || {
    rm -f -- "$path.failed"
    refuse_failure "$path"
  }
}

action=${1:-}
[ $# -eq 0 ] || shift
for argument in "$action" "$@"; do
  case $argument in
  -h | --help)
    usage 2>&1
    exit 0
    ;;
  esac
done
case $action in
wait) cmd_wait "$@" ;;
done) cmd_done "$@" ;;
fail) cmd_fail "$@" ;;
'') wrong 'no action' ;;
*) wrong "no action '$action'" ;;
esac
