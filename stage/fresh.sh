#!/usr/bin/env bash
# The README's commands as a new user types them, on a bare Debian: nothing is on it but git, curl, make, a C
# compiler, Python, and the toolchain that rustup has installed here.
#
#   stage/fresh.sh             make run, then make test
#   stage/fresh.sh run         the first alone
#
# Wants root, for debootstrap and chroot. The new system lives in a folder, with mounts that nobody else sees.
set -euo pipefail
cd "$(dirname "$0")/.."

RULES=(${@:-run test})
SUITE=${SUITE:-bookworm}
PACKAGES=git,curl,make,gcc,libc6-dev,python3,ca-certificates

[[ $EUID -eq 0 ]] || { echo 'error: make fresh needs root, for debootstrap and chroot' >&2; exit 1; }
RUST=$(rustc --print sysroot)

if ! command -v debootstrap > /dev/null; then
  echo 'missing: debootstrap (it installs the new Debian); installed by: apt-get install -y debootstrap'
  [[ ${CERTDROP_NO_INSTALL:-0} == 0 ]] || exit 1
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update
  apt-get -qy --no-install-recommends install debootstrap
fi

began=$SECONDS
phase() {
  printf '== %s\n' "$1"
  phase_began=$SECONDS
}
done_phase() { printf '== %s: %d s\n' "$1" $((SECONDS - phase_began)); }

# Not in the checkout, where cargo and git would look into its parents.
root=$(mktemp -d --tmpdir certdrop-fresh-XXXXXX)
chmod 755 "$root"
# The mounts are gone with their namespace by then; should one be left, it is not gone into.
trap 'rm -rf --one-file-system "$root"' EXIT

# The mirror that apt uses here.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2> /dev/null | grep -m1 '/debian/\?$' || true)
phase "debootstrap $SUITE"
debootstrap --variant=minbase --include="$PACKAGES" "$SUITE" "$root" "${mirror:-http://deb.debian.org/debian}" \
  | grep --line-buffered -v '^I: \(Validating\|Retrieving\|Extracting\|Unpacking\) '
done_phase "debootstrap $SUITE"

# How this machine reaches its registries: certificates, name servers, and settings of apt, pip and cargo. The sources are
# Debian's own with the updates of its security team, as its installer writes them.
copy() {
  [[ -e $1 ]] || return 0
  mkdir -p "$root$(dirname "$1")"
  cp -RL "$1" "$root$1"
}
for path in /etc/resolv.conf /etc/hosts /usr/local/share/ca-certificates /etc/pip.conf; do copy "$path"; done
chroot "$root" update-ca-certificates > /dev/null
for path in .config/pip .pip .cargo/config.toml; do
  [[ ! -e $HOME/$path ]] || { mkdir -p "$root/root/$(dirname $path)"; cp -RL "$HOME/$path" "$root/root/$path"; }
done
for file in /etc/apt/apt.conf.d/*; do
  if grep -qiE 'proxy|check-(valid-until|date)|ca-?info|verify' "$file"; then copy "$file"; fi
done
echo "deb ${mirror:-http://deb.debian.org/debian} $SUITE-updates main" >> "$root/etc/apt/sources.list"

git clone --quiet --no-local . "$root/root/certdrop"

# What the new shell knows: the settings of the network, and nothing else of this one.
environment=(HOME=/root "PATH=$RUST/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" LANG=C.UTF-8)
while IFS= read -r setting; do environment+=("$setting"); done < <(
  env | grep -iE '^([a-z]+_proxy|PIP_[A-Z_]*|CARGO_(HTTP|NET|REGISTR)[A-Z_]*|SSL_CERT_(FILE|DIR)|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|GIT_SSL_CAINFO)=' \
    | grep -v '^PIP_FIND_LINKS=')

inside() {
  unshare --mount --pid --fork --kill-child --propagation private bash -euc '
    root=$1 rust=$2; shift 2
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount --rbind /dev "$root/dev"
    mkdir -p "$root$rust"
    mount --bind -o ro "$rust" "$root$rust"
    exec chroot "$root" "$@"' bash "$root" "$RUST" env -i "${environment[@]}" "$@"
}

installed() { chroot "$root" dpkg-query --show --showformat '${Package}\n' | sort; }

for rule in "${RULES[@]}"; do
  before=$(installed)
  phase "make $rule"
  inside make -C /root/certdrop "$rule"
  done_phase "make $rule"
  new=$(comm -13 <(printf '%s\n' "$before") <(installed) | tr '\n' ' ')
  printf '== make %s installed %d packages of Debian: %s\n' "$rule" "$(wc -w <<< "$new")" "${new:-none}"
done
printf '== a fresh Debian: %s, in %d s\n' "$(printf 'make %s and ' "${RULES[@]}" | sed 's/ and $//')" $((SECONDS - began))
