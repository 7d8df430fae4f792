//! Any bytes as something that a codec made, and as something that is to be encoded. The first byte chooses.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionlocker::codec::zstd::Zstd;
use sessionlocker::codec::{self, Codec, Form};
use sessionlocker::record::codec::{decode, encode};
use sessionlocker::record::header::Header;
use sessionlocker::record::stamp::Stamp;
use sessionlocker::record::Document;

const CAP: usize = 1 << 20;

fn decode_anything(bytes: &[u8]) {
    let stored = [b"\x1bSLK\x01\x04zstd".as_slice(), bytes].concat();
    assert!(matches!(codec::form(&stored), Form::Encoded { codec: "zstd", .. }));
    if let Ok(decoded) = Zstd::default().decode(bytes, CAP) {
        assert!(decoded.len() <= CAP, "no more than is allowed");
        assert_eq!(codec::decode(&stored, None).as_ref(), Some(&decoded));
    }
}

fn there_and_back(bytes: &[u8], level: i32) {
    let stored = codec::encode(&Zstd::at_level(level), bytes).expect("anything can be compressed");
    assert_eq!(codec::decode(&stored, None).as_deref(), Some(bytes));
    let nobody = Stamp { origin: 1, number: 1 };
    let record = encode(&Header::unborn(nobody, 1, 0), &Document::from_bytes(bytes));
    let (_, document) = decode(&record).expect("what was written can be read");
    assert_eq!(document.as_bytes(), Some(bytes), "base64");
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else {
        return;
    };
    match choice {
        b'd' => decode_anything(bytes),
        b'f' => {
            // Whatever it is called, it is plain, encoded, or damaged with a reason.
            if let Some(decoded) = codec::decode(bytes, None) {
                assert!(!matches!(codec::form(bytes), Form::Plain));
                assert!(decoded.len() <= codec::MAX_DECODED_BYTES);
            }
        }
        level => there_and_back(bytes, i32::from(*level) % 20 - 7),
    }
});
