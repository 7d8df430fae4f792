//! A document beside a plain JSON value: random data, random edits, the same answers.
//!
//! The plain value is the whole tree of the JSON library, changed as JSON Pointer (RFC 6901) says. A run that differs names
//! its seed.

use fastrand::Rng;
use serde_json::{Map, Number, Value};
use sessionlocker::error::ErrorKind;
use sessionlocker::record::{Document, ValueType, MAX_DEPTH};

// ---- Random data ----------------------------------------------------------------------------------------------------

const NAMES: [&str; 14] = [
    "a",
    "b",
    "gold",
    "bag",
    "a/b",
    "m~n",
    "",
    "\u{e4}",
    "q\"q",
    "back\\slash",
    "line\n",
    "0",
    "-",
    "\u{1f600}",
];

const NUMBERS: [&str; 18] = [
    "0",
    "-0",
    "1",
    "-7",
    "1.0",
    "1.50",
    "1e3",
    "1E+2",
    "0.1",
    "2.5e-3",
    "123456789012345678901234567890.10",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "9007199254740991",
    "9007199254740993.0",
    "1e400",
    "-1e-400",
];

fn name(random: &mut Rng) -> String {
    match random.u8(0..4) {
        0 => format!("item-{:03}", random.u32(0..400)),
        _ => (*random.choice(&NAMES).expect("some")).to_owned(),
    }
}

fn space(random: &mut Rng, text: &mut String) {
    if random.u8(0..8) == 0 {
        text.push_str(random.choice(&[" ", "\n", "\t ", "\r\n"]).expect("some"));
    }
}

/// A string as JSON, with more escapes than it needs now and then.
fn push_string(random: &mut Rng, string: &str, text: &mut String) {
    if random.u8(0..4) > 0 {
        text.push_str(&serde_json::to_string(string).expect("a string"));
        return;
    }
    text.push('"');
    for unit in string.encode_utf16() {
        text.push_str(&format!("\\u{unit:04x}"));
    }
    text.push('"');
}

fn push_value(random: &mut Rng, levels: usize, text: &mut String) {
    let what = if levels == 0 { random.u8(0..7) } else { random.u8(0..14) };
    match what {
        0 => text.push_str("null"),
        1 => text.push_str("true"),
        2 => text.push_str("false"),
        3 => {
            let string = "long text, ".repeat(random.usize(0..40));
            push_string(random, &string, text);
        }
        4 => {
            let string = name(random);
            push_string(random, &string, text);
        }
        5 | 6 => text.push_str(random.choice(&NUMBERS).expect("some")),
        7..=9 => push_children(random, levels, ('[', ']'), text),
        _ => push_children(random, levels, ('{', '}'), text),
    }
}

fn push_children(random: &mut Rng, levels: usize, (open, close): (char, char), text: &mut String) {
    let count = match random.u8(0..20) {
        0 => random.usize(0..400),
        1..=3 => random.usize(0..40),
        _ => random.usize(0..6),
    };
    // Many children are small, or the data would grow without end.
    let levels = if count > 10 { 0 } else { levels - 1 };
    text.push(open);
    for number in 0..count {
        if number > 0 {
            text.push(',');
        }
        space(random, text);
        if open == '{' {
            let name = name(random);
            push_string(random, &name, text);
            space(random, text);
            text.push(':');
            space(random, text);
        }
        push_value(random, levels, text);
        space(random, text);
    }
    text.push(close);
}

fn value(random: &mut Rng, levels: usize) -> String {
    let mut text = String::new();
    push_value(random, levels, &mut text);
    text
}

/// The data of a whole document: mostly an object, sometimes nested as deeply as can be.
fn data(random: &mut Rng) -> String {
    match random.u8(0..10) {
        0 => value(random, 3),
        1 => {
            let deep = random.usize(MAX_DEPTH - 3..MAX_DEPTH);
            format!(
                "{{\"a\":{}{}{},\"gold\":1}}",
                "[".repeat(deep - 1),
                value(random, 0),
                "]".repeat(deep - 1)
            )
        }
        _ => {
            let mut text = String::new();
            push_children(random, 5, ('{', '}'), &mut text);
            text
        }
    }
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Mostly a place that is there, sometimes one beside it.
fn pointer(random: &mut Rng, model: &Value) -> String {
    let (mut here, mut pointer) = (model, String::new());
    loop {
        if random.u8(0..6) == 0 {
            return pointer;
        }
        if random.u8(0..10) == 0 {
            let name = name(random);
            let name = escape(&name);
            let tokens = ["-", "01", "7", "400", "99999999999999999999", "~2", &name];
            return format!("{pointer}/{}", random.choice(tokens).expect("some"));
        }
        match here {
            Value::Object(members) if !members.is_empty() => {
                let (name, value) = members.iter().nth(random.usize(0..members.len())).expect("there");
                pointer += &format!("/{}", escape(name));
                here = value;
            }
            Value::Array(elements) if !elements.is_empty() => {
                let index = random.usize(0..elements.len());
                pointer += &format!("/{index}");
                here = &elements[index];
            }
            _ => return pointer,
        }
    }
}

// ---- The plain value ------------------------------------------------------------------------------------------------

fn tokens(pointer: &str) -> Result<Vec<String>, ErrorKind> {
    if pointer.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
        return Err(ErrorKind::InvalidPointer);
    }
    let unescape = |token: &str| token.replace("~1", "/").replace("~0", "~");
    Ok(pointer.split('/').skip(1).map(unescape).collect())
}

/// `None` is `-`.
fn index(token: &str) -> Result<Option<usize>, ErrorKind> {
    if token == "-" {
        return Ok(None);
    }
    let digits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (token.len() > 1 && token.starts_with('0')) {
        return Err(ErrorKind::InvalidPointer);
    }
    Ok(Some(token.parse().unwrap_or(usize::MAX)))
}

fn find<'v>(root: &'v Value, tokens: &[String]) -> Result<Option<&'v Value>, ErrorKind> {
    let mut here = root;
    for token in tokens {
        let next = match here {
            Value::Object(members) => members.get(token),
            Value::Array(elements) => index(token)?.and_then(|index| elements.get(index)),
            _ => return Err(ErrorKind::WrongType),
        };
        let Some(next) = next else { return Ok(None) };
        here = next;
    }
    Ok(Some(here))
}

fn find_mut<'v>(root: &'v mut Value, tokens: &[String]) -> &'v mut Value {
    let step = |here: &'v mut Value, token: &String| match here {
        Value::Object(members) => members.get_mut(token).expect("it was found"),
        Value::Array(elements) => &mut elements[index(token).ok().flatten().expect("it was found")],
        _ => unreachable!("it was found"),
    };
    tokens.iter().fold(root, step)
}

fn depth_of(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth_of).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth_of).max().unwrap_or(0),
        _ => 0,
    }
}

/// What is replaced if a value is put there.
fn check_put<'v>(root: &'v Value, tokens: &[String]) -> Result<Option<&'v Value>, ErrorKind> {
    let Some((last, parent)) = tokens.split_last() else {
        return Ok(Some(root));
    };
    match find(root, parent)? {
        Some(Value::Object(members)) => Ok(members.get(last)),
        Some(Value::Array(elements)) => match index(last)? {
            Some(index) => elements.get(index).map(Some).ok_or(ErrorKind::OutOfRange),
            None => Ok(None),
        },
        Some(_) => Err(ErrorKind::WrongType),
        None => Err(ErrorKind::InvalidPointer),
    }
}

fn put(root: &mut Value, tokens: &[String], value: Value) -> Result<(), ErrorKind> {
    check_put(root, tokens)?;
    if tokens.len() + depth_of(&value) > MAX_DEPTH {
        return Err(ErrorKind::TooLong);
    }
    let Some((last, parent)) = tokens.split_last() else {
        *root = value;
        return Ok(());
    };
    match find_mut(root, parent) {
        Value::Object(members) => {
            members.insert(last.clone(), value);
        }
        Value::Array(elements) => match index(last)? {
            Some(index) => elements[index] = value,
            None => elements.push(value),
        },
        _ => unreachable!("it was checked"),
    }
    Ok(())
}

fn append(root: &mut Value, tokens: &[String], value: Value) -> Result<(), ErrorKind> {
    if tokens.len() + 1 + depth_of(&value) > MAX_DEPTH {
        return Err(ErrorKind::TooLong);
    }
    match check_put(root, tokens)? {
        None => return put(root, tokens, Value::Array(vec![value])),
        Some(Value::Array(_)) => {}
        Some(_) => return Err(ErrorKind::WrongType),
    }
    find_mut(root, tokens)
        .as_array_mut()
        .expect("it was checked")
        .push(value);
    Ok(())
}

fn remove(root: &mut Value, tokens: &[String]) -> Result<bool, ErrorKind> {
    let (last, parent) = tokens.split_last().ok_or(ErrorKind::InvalidPointer)?;
    if find(root, tokens)?.is_none() {
        return Ok(false);
    }
    match find_mut(root, parent) {
        Value::Object(members) => drop(members.shift_remove(last)),
        Value::Array(elements) => drop(elements.remove(index(last)?.expect("it was found"))),
        _ => unreachable!("it was found"),
    }
    Ok(true)
}

fn integer(value: &Value) -> Result<i64, ErrorKind> {
    let Value::Number(number) = value else {
        return Err(ErrorKind::WrongType);
    };
    if let Some(integer) = number.as_i64() {
        return Ok(integer);
    }
    match number.as_f64() {
        Some(double) if double.fract() != 0.0 => Err(ErrorKind::WrongType),
        #[allow(clippy::cast_possible_truncation, reason = "it is small enough")]
        Some(double) if double.abs() < 9_007_199_254_740_992.0 => Ok(double as i64),
        _ => Err(ErrorKind::OutOfRange),
    }
}

fn double(value: &Value) -> Result<f64, ErrorKind> {
    let Value::Number(number) = value else {
        return Err(ErrorKind::WrongType);
    };
    number.as_f64().ok_or(ErrorKind::OutOfRange)
}

fn reconcile(value: &mut Value, default: &Value) -> bool {
    let (Value::Object(members), Value::Object(wanted)) = (value, default) else {
        return false;
    };
    let mut missing = false;
    for (name, default) in wanted {
        match members.get_mut(name) {
            Some(value) => missing |= reconcile(value, default),
            None => {
                members.insert(name.clone(), default.clone());
                missing = true;
            }
        }
    }
    missing
}

// ---- Both -----------------------------------------------------------------------------------------------------------

struct Pair {
    document: Document,
    model: Value,
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|fault| panic!("{fault}: {text}"))
}

fn kinds<T>(result: Result<T, sessionlocker::error::Error>) -> Result<T, ErrorKind> {
    result.map_err(|error| error.kind())
}

impl Pair {
    fn new(text: &str) -> Self {
        Self {
            document: Document::from_json(text).expect("JSON"),
            model: parsed(text),
        }
    }

    /// The same members in the same order, with the same digits.
    fn check(&self) {
        let mut text = Vec::new();
        assert!(self.document.write_json(&mut text));
        let text = String::from_utf8(text).expect("UTF-8");
        assert_eq!(parsed(&text).to_string(), self.model.to_string(), "{text}");
        assert_eq!(self.document.get_json("").expect("JSON"), Some(text));
    }

    fn read(&self, pointer: &str) {
        let found = tokens(pointer).and_then(|tokens| find(&self.model, &tokens));
        let as_type = |view: fn(&Value) -> Option<Value>| {
            found.and_then(|found| found.map(|found| view(found).ok_or(ErrorKind::WrongType)).transpose())
        };
        let it = &self.document;
        let json = |text: Option<String>| text.map(|text| parsed(&text).to_string());
        assert_eq!(
            kinds(it.get_json(pointer)).map(json),
            found.map(|found| found.map(Value::to_string))
        );
        assert_eq!(kinds(it.value_type(pointer)), found.map(|found| found.map(type_of)));
        let expected = found.and_then(|found| found.map(integer).transpose());
        assert_eq!(kinds(it.get_i64(pointer)), expected);
        let expected = found.and_then(|found| found.map(double).transpose());
        assert_eq!(kinds(it.get_f64(pointer)), expected);
        let bool = kinds(it.get_bool(pointer)).map(|found| found.map(Value::Bool));
        assert_eq!(bool, as_type(|value| value.is_boolean().then(|| value.clone())));
        let string = kinds(it.get_str(pointer)).map(|found| found.map(|text| Value::String(text.into_owned())));
        assert_eq!(string, as_type(|value| value.is_string().then(|| value.clone())));
        let length = kinds(it.length(pointer)).map(|found| found.map(Value::from));
        assert_eq!(length, as_type(length_of));
        if let Ok(Some(Value::Object(members))) = found {
            for (at, name) in members.keys().enumerate() {
                assert_eq!(kinds(it.key_at(pointer, at)), Ok(Some(name.into())));
            }
            assert_eq!(kinds(it.key_at(pointer, members.len())), Ok(None));
        }
    }

    /// One edit of both; whether it changed something.
    fn edit(&mut self, random: &mut Rng, pointer: &str) -> bool {
        let tokens = tokens(pointer);
        let model = &mut self.model;
        let set = |model: &mut Value, value: Value| tokens.clone().and_then(|tokens| put(model, &tokens, value));
        let it = &mut self.document;
        let (ours, expected) = match random.u8(0..12) {
            0 => (kinds(it.set_null(pointer)), set(model, Value::Null)),
            1 => (kinds(it.set_bool(pointer, true)), set(model, Value::Bool(true))),
            2 => {
                let number = random.i64(..);
                (kinds(it.set_i64(pointer, number)), set(model, number.into()))
            }
            3 => {
                let number = (random.f64() - 0.5) * 1e9;
                (kinds(it.set_f64(pointer, number)), set(model, number.into()))
            }
            4 => {
                let text = name(random);
                (kinds(it.set_str(pointer, &text)), set(model, text.into()))
            }
            5 | 6 => {
                let text = value(random, 3);
                (kinds(it.set_json(pointer, &text)), set(model, parsed(&text)))
            }
            7 => {
                let text = value(random, 2);
                let expected = tokens.and_then(|tokens| append(model, &tokens, parsed(&text)));
                (kinds(it.append_json(pointer, &text)), expected)
            }
            8 => {
                let delta = random.i64(-5..5);
                let sum = tokens.clone().and_then(|tokens| {
                    let old = check_put(model, &tokens)?.map_or(Ok(0), integer)?;
                    old.checked_add(delta).ok_or(ErrorKind::OutOfRange)
                });
                let expected = sum.and_then(|sum| set(model, sum.into()).map(|()| sum));
                let ours = kinds(it.add_i64(pointer, delta));
                assert_eq!(ours, expected);
                (ours.map(drop), expected.map(drop))
            }
            9 => {
                let sum = tokens
                    .clone()
                    .and_then(|tokens| Ok(check_put(model, &tokens)?.map_or(Ok(0.0), double)? + 0.25));
                let number = sum.and_then(|sum| Number::from_f64(sum).ok_or(ErrorKind::OutOfRange));
                let expected = number.and_then(|number| set(model, Value::Number(number)));
                (kinds(it.add_f64(pointer, 0.25)).map(drop), expected)
            }
            10 => {
                let expected = tokens.and_then(|tokens| remove(model, &tokens));
                assert_eq!(kinds(it.remove(pointer)), expected);
                return expected == Ok(true);
            }
            _ => {
                let default = data(random);
                // Where both are as deep as can be, the sum is not asked for.
                let expected = reconcile(model, &parsed(&default));
                let default = Document::from_json(&default).expect("JSON");
                assert_eq!(kinds(it.reconcile(&default)), Ok(expected));
                return expected;
            }
        };
        assert_eq!(ours, expected);
        ours.is_ok()
    }
}

fn type_of(value: &Value) -> ValueType {
    match value {
        Value::Null => ValueType::Null,
        Value::Bool(_) => ValueType::Bool,
        Value::Number(_) if integer(value).is_ok() => ValueType::Integer,
        Value::Number(_) => ValueType::Number,
        Value::String(_) => ValueType::String,
        Value::Array(_) => ValueType::Array,
        Value::Object(_) => ValueType::Object,
    }
}

fn length_of(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => Some(text.len().into()),
        Value::Array(elements) => Some(elements.len().into()),
        Value::Object(members) => Some(members.len().into()),
        _ => None,
    }
}

fn play(seed: u64) {
    let random = &mut Rng::with_seed(seed);
    let mut pairs = vec![Pair::new(&data(random))];
    for _ in 0..random.usize(0..60) {
        let place = random.usize(0..pairs.len());
        let at = pointer(random, &pairs[place].model);
        match random.u8(0..10) {
            0 => {
                let (document, model) = (pairs[place].document.clone(), pairs[place].model.clone());
                assert!(document.is_clone_of(&pairs[place].document));
                pairs.truncate(4);
                pairs.push(Pair { document, model });
            }
            1..=3 => pairs[place].read(&at),
            _ => {
                let before = pairs[place].document.clone();
                let changed = pairs[place].edit(random, &at);
                assert_eq!(pairs[place].document.is_clone_of(&before), !changed);
                pairs[place].check();
            }
        }
    }
    pairs.iter().for_each(Pair::check);
}

#[test]
fn a_document_does_what_a_plain_value_does() {
    for seed in 0..4_000 {
        let played = std::panic::catch_unwind(|| play(seed));
        assert!(played.is_ok(), "seed {seed}");
    }
}

/// Edits until all was written anew several times, in an object with an index and one without.
#[test]
fn many_edits_of_one_document() {
    for seed in 0..20 {
        let random = &mut Rng::with_seed(seed);
        let mut members = Map::new();
        for number in 0..random.usize(5..300) {
            members.insert(format!("item-{number:03}"), number.into());
        }
        let mut pair = Pair::new(&serde_json::json!({ "gold": 1, "bag": members }).to_string());
        for _ in 0..1_000 {
            let name = format!("/bag/{}", escape(&name(random)));
            pair.edit(random, &name);
            pair.read(&name);
        }
        pair.check();
    }
}
