//! Compression by Zstandard.

use super::Codec;
use std::io::{Read, Write};

/// The name in stored values.
pub const NAME: &str = "zstd";

/// The levels that there are; 0 stands for the default, 3.
pub const LEVELS: std::ops::RangeInclusive<i32> = -7..=19;

/// Compresses. Each value carries a checksum.
#[derive(Clone, Debug, Default)]
pub struct Zstd {
    level: i32,
}

impl Zstd {
    /// Compresses at a level of [`LEVELS`]; one outside counts as the nearest.
    #[must_use]
    pub fn at_level(level: i32) -> Self {
        Self {
            level: level.clamp(*LEVELS.start(), *LEVELS.end()),
        }
    }
}

impl Codec for Zstd {
    fn name(&self) -> &str {
        NAME
    }

    fn encode(&self, value: &[u8]) -> Result<Vec<u8>, String> {
        let compress = || {
            let mut encoder = zstd::stream::Encoder::new(Vec::new(), self.level)?;
            encoder.include_checksum(true)?;
            encoder.set_pledged_src_size(Some(value.len() as u64))?;
            encoder.write_all(value)?;
            encoder.finish()
        };
        compress().map_err(|error| error.to_string())
    }

    fn decode(&self, value: &[u8], max: usize) -> Result<Vec<u8>, String> {
        let mut decoded = Vec::new();
        let mut expand = || {
            let decoder = zstd::stream::Decoder::with_buffer(value)?;
            // What it claims to be is not believed: no more is taken than is allowed.
            decoder.take(max as u64 + 1).read_to_end(&mut decoded)
        };
        expand().map_err(|error| error.to_string())?;
        if decoded.len() > max {
            return Err(format!("it is larger than {max} bytes"));
        }
        Ok(decoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        (0..20_000_u32)
            .flat_map(|number| (number / 7).to_string().into_bytes())
            .collect()
    }

    #[test]
    fn values_come_back_at_every_level() {
        for level in [i32::MIN, -7, 0, 1, 19, i32::MAX] {
            let codec = Zstd::at_level(level);
            for value in [b"".as_slice(), b"x", &sample()] {
                let encoded = codec.encode(value).unwrap();
                assert_eq!(codec.decode(&encoded, value.len()).unwrap(), value);
            }
            assert!(codec.encode(&sample()).unwrap().len() < sample().len() / 2);
        }
    }

    #[test]
    fn a_bomb_is_not_blown_up() {
        let bomb = Zstd::default().encode(&vec![0; 50_000_000]).unwrap();
        assert!(bomb.len() < 10_000);
        let error = Zstd::default().decode(&bomb, 1_000_000).unwrap_err();
        assert!(error.contains("1000000"), "{error}");
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_noticed() {
        let value = sample();
        let encoded = Zstd::default().encode(&value).unwrap();
        for at in (0..encoded.len()).step_by(97) {
            let mut changed = encoded.clone();
            changed[at] ^= 0x10;
            let decoded = Zstd::default().decode(&changed, 1 << 20);
            assert!(decoded.as_ref() != Ok(&value) || at < 6, "byte {at}");
            assert!(
                decoded.is_err() || decoded == Ok(value.clone()),
                "byte {at} gave other data"
            );
            assert!(
                Zstd::default().decode(&encoded[..at], 1 << 20).is_err() || at == 0,
                "cut at {at}"
            );
        }
    }
}
