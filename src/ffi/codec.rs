//! Codecs: how records are encoded on their way to the store; those that are built in, and those of the host.

use super::callback;
use super::error_sink::Sink;
use super::handle::{slk_buffer, slk_error_sink};
use super::host::UserData;
use super::panic;
use super::result::*;
use super::spec::slk_spec_options;
use super::table::{Table, Type};
use super::text;
use crate::codec::{self, Codec};
use parking_lot::Mutex;
use std::ffi::c_void;
use std::sync::Arc;

/// Records are stored as they are.
pub const SLK_CODEC_NONE: i32 = 0;
/// Records are compressed by Zstandard.
pub const SLK_CODEC_ZSTD: i32 = 1;
/// Records are encoded and decoded by callbacks of yours.
pub const SLK_CODEC_CALLBACKS: i32 = 2;

/// The longest name of a codec in bytes.
pub const SLK_MAX_CODEC_NAME_BYTES: usize = 64;

/// Encodes or decodes the value of a record: reads `length` bytes and appends what they become to `out`, in one or many
/// pieces. Called inside update, with no lock held; most functions of the library may be called.
///
/// Returns: `SLK_OK`: done. Anything else: the save fails and is tried again, or the record is reported as unreadable and
/// left as it is; `error` takes the words.
pub type slk_codec_run = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        bytes: *const c_void,
        length: usize,
        out: slk_buffer,
        error: slk_error_sink,
    ) -> slk_result,
>;

type Run = unsafe extern "C" fn(*mut c_void, *const c_void, usize, slk_buffer, slk_error_sink) -> slk_result;

static BUFFERS: Table<Mutex<Gathered>> = Table::new(Type::Buffer);

/// What a callback gave so far.
struct Gathered {
    bytes: Vec<u8>,
    most: usize,
    /// Something did not fit: what was gathered is not all.
    failed: bool,
}

/// A buffer that is lent to a callback.
struct Loan {
    handle: slk_buffer,
    gathered: Arc<Mutex<Gathered>>,
}

impl Loan {
    fn new(most: usize) -> Result<Self, Failure> {
        let gathered = Arc::new(Mutex::new(Gathered {
            bytes: Vec::new(),
            most,
            failed: false,
        }));
        let id = BUFFERS.insert(Arc::clone(&gathered))?;
        Ok(Self {
            handle: slk_buffer { id },
            gathered,
        })
    }

    fn take_back(self) -> Result<Vec<u8>, String> {
        let mut gathered = self.gathered.lock();
        if gathered.failed {
            return Err("what it gave does not fit".to_owned());
        }
        Ok(std::mem::take(&mut gathered.bytes))
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        // Nobody else removes it.
        let _ = BUFFERS.remove(self.handle.id);
    }
}

/// Appends bytes to what a callback gives.
///
/// Parameters:
///   `buffer`: as the callback got it; valid until the callback returns.
///   `bytes`, `length`: what to append; copied.
/// Returns:
///   `SLK_OK`: appended.
///   `SLK_E_INVALID_HANDLE`: the callback has returned, or it is no buffer.
///   `SLK_E_TOO_LONG`, `SLK_E_OUT_OF_MEMORY`: it is too much. The callback has failed then, whatever it returns.
///   `SLK_E_INVALID_ARGUMENT`: `bytes` is NULL and `length` is not 0.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_buffer_append(buffer: slk_buffer, bytes: *const c_void, length: usize) -> slk_result {
    panic::enter("slk_buffer_append", || {
        let gathered = BUFFERS.get(buffer.id)?;
        // SAFETY: null or that many readable bytes, as the caller promises.
        let bytes = unsafe { text::bytes(bytes, length, "bytes") };
        let mut gathered = gathered.lock();
        let bytes = bytes.inspect_err(|_| gathered.failed = true)?;
        if bytes.len() > gathered.most - gathered.bytes.len() {
            gathered.failed = true;
            let text = format!("the callback gave more than {} bytes", gathered.most);
            return Err(Failure::new(SLK_E_TOO_LONG, text));
        }
        if gathered.bytes.try_reserve(bytes.len()).is_err() {
            gathered.failed = true;
            let text = format!("there is no memory for {} bytes more", bytes.len());
            return Err(Failure::new(SLK_E_OUT_OF_MEMORY, text));
        }
        gathered.bytes.extend_from_slice(bytes);
        Ok(SLK_OK)
    })
}

/// A codec of the host.
struct HostCodec {
    name: String,
    encode: Run,
    decode: Run,
    user_data: Arc<UserData>,
}

impl HostCodec {
    fn run(&self, which: &str, run: Run, bytes: &[u8], most: usize) -> Result<Vec<u8>, String> {
        let words = |failure: Failure| failure.text;
        let sink = Sink::new().map_err(words)?;
        let loan = Loan::new(most).map_err(words)?;
        // SAFETY: the host gave this function for this purpose and with this user data, which are alive; the bytes live
        // until the call returns.
        let result = callback::run(|| unsafe {
            run(
                self.user_data.pointer(),
                bytes.as_ptr().cast(),
                bytes.len(),
                loan.handle,
                sink.handle(),
            )
        });
        match result {
            SLK_OK => loan.take_back(),
            other => Err(sink.words(which, other)),
        }
    }
}

impl Codec for HostCodec {
    fn name(&self) -> &str {
        &self.name
    }

    fn encode(&self, value: &[u8]) -> Result<Vec<u8>, String> {
        self.run("encode", self.encode, value, codec::MAX_DECODED_BYTES)
    }

    fn decode(&self, value: &[u8], max: usize) -> Result<Vec<u8>, String> {
        self.run("decode", self.decode, value, max)
    }
}

/// The codec that the options of a spec ask for.
///
/// # Safety
/// `codec_name` is null or a string with a NUL.
pub(super) unsafe fn codec_of(
    given: &slk_spec_options,
    user_data: &Arc<UserData>,
) -> Result<Option<Arc<dyn Codec>>, Failure> {
    let callbacks = given.codec_encode.is_some() || given.codec_decode.is_some() || !given.codec_name.is_null();
    if callbacks && given.codec != SLK_CODEC_CALLBACKS {
        return Err(Failure::argument(
            "codec_name, codec_encode and codec_decode are for SLK_CODEC_CALLBACKS",
        ));
    }
    match given.codec {
        SLK_CODEC_NONE => Ok(None),
        SLK_CODEC_ZSTD => zstd(given.codec_level).map(Some),
        SLK_CODEC_CALLBACKS => {
            // SAFETY: as the caller promises.
            let name = unsafe { text::string(given.codec_name, "codec_name", SLK_MAX_CODEC_NAME_BYTES) }?;
            codec::check_name(name)?;
            if name == "zstd" {
                return Err(Failure::argument(
                    "codec_name `zstd` is that of the codec that is built in",
                ));
            }
            let missing = |which: &str| Failure::argument(format!("the callback `{which}` is missing"));
            Ok(Some(Arc::new(HostCodec {
                name: name.to_owned(),
                encode: given.codec_encode.ok_or_else(|| missing("codec_encode"))?,
                decode: given.codec_decode.ok_or_else(|| missing("codec_decode"))?,
                user_data: Arc::clone(user_data),
            })))
        }
        other => Err(Failure::argument(format!("codec {other} is none"))),
    }
}

#[cfg(feature = "zstd")]
fn zstd(level: i32) -> Result<Arc<dyn Codec>, Failure> {
    if !codec::zstd::LEVELS.contains(&level) {
        let text = format!("codec_level {level} is outside {:?}", codec::zstd::LEVELS);
        return Err(Failure::argument(text));
    }
    Ok(Arc::new(codec::zstd::Zstd::at_level(level)))
}

#[cfg(not(feature = "zstd"))]
fn zstd(_level: i32) -> Result<Arc<dyn Codec>, Failure> {
    let text = "this build of the library has no zstd";
    Err(Failure::new(SLK_E_UNSUPPORTED, text))
}
