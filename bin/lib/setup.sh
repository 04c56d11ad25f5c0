# shellcheck shell=bash
# What bin/quickstart and bin/test need before they start: Node 20, npm packages, Debian packages, a build. Every step is
# skipped when it is done already, says what it does, and stops with one clear line when it cannot be done.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=$root/.cache

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# as_root COMMAND...: as root or through sudo without a password; fails where neither is possible.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}
can_be_root() { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }

# need_packages PACKAGE...: installs Debian packages that are missing. Returns 1, with the command to run, without the right to.
need_packages() {
    local missing=() package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! type apt-get >/dev/null 2>&1 || ! can_be_root; then
        say "not installed, and no right to install: ${missing[*]}"
        say "  as root: apt-get install --no-install-recommends ${missing[*]}"
        return 1
    fi
    say "installing ${missing[*]}"
    local log
    log=$(mktemp)
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >"$log" 2>&1 || true
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
        tail -n 20 "$log" >&2
        die "apt-get could not install ${missing[*]}; whole output: $log"
    fi
    rm -f "$log"
}

node_is_new_enough() {
    type "$1" >/dev/null 2>&1 && "$1" -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 11) ? 0 : 1)'
}

# Node 20.11 or newer in PATH: the one there, the one fetched before, else the distribution's npm fetches a newer one.
need_node() {
    node_is_new_enough node && return 0
    local own=$cache/node/node_modules/node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
    if ! [ -x "$own/bin/node" ]; then
        type npm >/dev/null 2>&1 || need_packages nodejs npm ca-certificates || die "Node 20.11 or newer is needed"
        node_is_new_enough node && return 0
        say "fetching Node 20 (the distribution's is $(node --version 2>/dev/null || echo missing))"
        npm install --silent --no-save --prefix "$cache/node" "$(basename "$own")@20.20.2" >&2 || die "Node 20.11 or newer is needed and could not be fetched"
    fi
    PATH=$own/bin:$PATH
    node_is_new_enough node || die "Node 20.11 or newer is needed, this is $(node --version)"
}

# Whether somebody ran `npm ci` by hand: npm keeps beside the packages what it installed.
installed_as_locked() {
    (cd "$root" && node -e '
        const read = (file) => JSON.parse(require("fs").readFileSync(file, "utf8")).packages;
        const [wanted, there] = [read("package-lock.json"), read("node_modules/.package-lock.json")];
        const isThere = ([path, it]) =>
            there[path] === undefined ? it.optional === true : there[path].integrity === it.integrity && require("fs").existsSync(path);
        process.exit(Object.entries(wanted).filter(([path]) => path !== "").every(isThere) ? 0 : 1);
    ' 2>/dev/null)
}

# The npm packages of package-lock.json, and dist/ from src/: made again only when their inputs changed.
need_build() {
    local lock
    lock=$(sha256sum "$root/package-lock.json" | cut -d' ' -f1)
    if [ "$(cat "$root/node_modules/.lock-sum" 2>/dev/null)" != "$lock" ]; then
        if ! installed_as_locked; then
            say "installing npm packages"
            (cd "$root" && npm ci --no-audit --no-fund --loglevel=error >&2) || die "npm ci failed"
        fi
        echo "$lock" >"$root/node_modules/.lock-sum"
    fi
    local inputs
    inputs=$( (cd "$root" && find src tsconfig.json tsconfig.build.json -type f -print0 | sort -z | xargs -0 sha256sum; echo "$lock") | sha256sum | cut -d' ' -f1)
    if [ "$(cat "$root/dist/.inputs-sum" 2>/dev/null)" != "$inputs" ]; then
        say "compiling"
        rm -rf "$root/dist" "$root/node_modules/.cache/build.tsbuildinfo"
        (cd "$root" && npm run --silent build >&2) || die "the build failed"
        echo "$inputs" >"$root/dist/.inputs-sum"
    fi
}
