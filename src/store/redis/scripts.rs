//! Compare-and-set is these scripts and nothing else: each answers 1 if the key was as expected and it is done, and 0 if not.
//!
//! In a script everything that may be refused comes before the record itself is changed: a script that ends with an error
//! has changed no record.

use ::redis::{cmd, Cmd};
use std::sync::LazyLock;

/// A script and its fingerprint, by which a server that has seen it knows it.
pub(super) struct Script {
    text: &'static str,
    fingerprint: String,
}

impl Script {
    fn new(text: &'static str) -> Self {
        Self {
            text,
            fingerprint: ::redis::Script::new(text).get_hash().to_owned(),
        }
    }
}

/// KEYS: record, and where names are kept: the names of its space, and the layout. ARGV: version, data, name, family.
pub(super) static CREATE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "\
if redis.call('EXISTS', KEYS[1]) == 1 then
    if redis.call('HEXISTS', KEYS[1], 'version') == 0 then
        return redis.error_reply('NOTOURS it has no version')
    end
    return 0
end
if KEYS[2] then
    if redis.call('HGET', KEYS[3], 'family') ~= ARGV[4] then
        return redis.error_reply('NOLAYOUT slk:layout is gone, or another one')
    end
    redis.call('ZADD', KEYS[2], 0, ARGV[3])
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'data', ARGV[2])
return 1",
    )
});

/// KEYS: record. ARGV: version, data, expected version.
pub(super) static REPLACE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "\
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[3] then
    return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'data', ARGV[2])
return 1",
    )
});

/// KEYS: record, and where names are kept: the names of its space. ARGV: expected version, name.
pub(super) static REMOVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "\
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then
    return 0
end
if KEYS[2] then
    redis.call('ZREM', KEYS[2], ARGV[2])
end
redis.call('DEL', KEYS[1])
return 1",
    )
});

/// How a server is told which script is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// It has seen it before.
    Fingerprint,
    Text,
}

/// A call of a script.
pub(super) fn call(script: &Script, by: By, keys: &[Vec<u8>], arguments: &[&[u8]]) -> Cmd {
    let mut command = match by {
        By::Fingerprint => cmd("EVALSHA").arg(&script.fingerprint).take(),
        By::Text => cmd("EVAL").arg(script.text).take(),
    };
    command.arg(keys.len()).arg(keys).arg(arguments);
    command
}
