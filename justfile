# The common commands. `just` lists them.

_default:
    @just --list --unsorted

# the story between two people, on loopback
demo *arguments:
    cargo run --release -- demo {{arguments}}

# tier A: every test that needs nothing but Rust
test *arguments:
    cargo test --workspace {{arguments}}

# the tests of the protocol core alone
otr *arguments:
    cargo test -p chatham-otr {{arguments}}

# formatting, lints and licences
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    scripts/licences

# puts the code into its form
format:
    cargo fmt --all

# the documentation, in a browser
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --open

# conversations with foreign implementations: `just interop --quick`, `just interop --peer libotr`
interop *arguments:
    interop/run {{arguments}}

# what operations cost, beside libotr: `just bench --quick`
bench *arguments:
    bench/compare {{arguments}}

# tier B: what every change has to pass
ci:
    .ci/run

# part of tier C: licences, bans and sources by cargo-deny
deny:
    cargo deny check licenses bans sources
