#!/usr/bin/env bash
# On a fresh machine dpkg-query does not know the missing packages and fails;
# install-packages must then install just those. Stand-ins record what is asked
# for, so nothing is installed here.
#
#   install_packages_names_missing.sh REPOSITORY
set -euo pipefail

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The stand-in for dpkg-query has everything but the packages in $unknown.
cat >"$scratch/dpkg-query" <<'STUB'
#!/usr/bin/env bash
status=0
for name in "${@:3}"; do
  case " $unknown " in
    *" $name "*) status=1; echo "no packages found matching $name" >&2 ;;
    *) echo "$name:amd64 installed" ;;
  esac
done
exit $status
STUB
# As root apt-get is called directly, else through sudo.
printf '#!/usr/bin/env bash\necho "$*" >>"%s/asked"\n' "$scratch" >"$scratch/apt-get"
printf '#!/usr/bin/env bash\nwhile [[ $1 == -* ]]; do shift; done\nexec "$@"\n' >"$scratch/sudo"
chmod +x "$scratch"/dpkg-query "$scratch"/apt-get "$scratch"/sudo

install() { unknown=$1 PATH="$scratch:$PATH" "$repository/scripts/install-packages" build; }

repository=$1
said=$(install "")
[[ -z $said && ! -e $scratch/asked ]] || { echo "nothing is missing, yet: $said" >&2; exit 1; }

said=$(install "libabsl-dev ccache")
[[ $said == *"Installing Debian packages: ccache libabsl-dev"* ]] || {
  echo "two packages are missing; it said: $said" >&2
  exit 1
}
grep -q 'install --no-install-recommends ccache libabsl-dev$' "$scratch/asked" || {
  echo "apt-get was asked for:" >&2
  cat "$scratch/asked" >&2
  exit 1
}
