//! Stepping over JSON text that is known to be valid.
//!
//! On any other text the answers mean nothing, but each ends: no step goes backwards, none goes beyond the end.

/// The index after the space that begins at `at`.
pub(super) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// The index after the closing quote of the string that opens at `start`, and whether it has escapes.
pub(super) fn string_end(bytes: &[u8], start: usize) -> (usize, bool) {
    let mut at = start + 1;
    let mut escaped = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return (at + 1, escaped),
            b'\\' => {
                escaped = true;
                at += 2;
            }
            _ => at += 1,
        }
    }
    (bytes.len(), escaped)
}

/// The index after the value that begins at `start`.
pub(super) fn value_end(bytes: &[u8], start: usize) -> usize {
    match bytes.get(start) {
        Some(b'"') => string_end(bytes, start).0,
        Some(b'{' | b'[') => container_end(bytes, start),
        _ => {
            let rest = bytes.get(start..).unwrap_or_default();
            let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t');
            start + rest.iter().position(ends).unwrap_or(rest.len())
        }
    }
}

fn container_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at).0;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return at + 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// A member of an object, or an element of an array, by its places in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Child {
    /// Where the name opens, in an object; in an array as `value`.
    pub name: usize,
    pub value: usize,
    /// The index after the value.
    pub end: usize,
}

/// The child of an object or an array whose name, or value, begins at `at`.
pub(super) fn child_at(bytes: &[u8], at: usize, in_object: bool) -> Option<Child> {
    let value = if in_object { after_name(bytes, at)? } else { at };
    let end = value_end(bytes, value);
    (end > value).then_some(Child { name: at, value, end })
}

fn after_name(bytes: &[u8], name: usize) -> Option<usize> {
    if bytes.get(name) != Some(&b'"') {
        return None;
    }
    let colon = skip_space(bytes, string_end(bytes, name).0);
    (bytes.get(colon) == Some(&b':')).then(|| skip_space(bytes, colon + 1))
}

/// The children of the object or array that opens at `start`, in order; none of another value.
pub(super) fn children(bytes: &[u8], start: usize) -> impl Iterator<Item = Child> + '_ {
    let in_object = bytes.get(start) == Some(&b'{');
    let is_container = in_object || bytes.get(start) == Some(&b'[');
    let mut at = if is_container { start + 1 } else { bytes.len() };
    std::iter::from_fn(move || {
        at = skip_space(bytes, at);
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
        if matches!(bytes.get(at)?, b'}' | b']') {
            return None;
        }
        let child = child_at(bytes, at, in_object)?;
        at = child.end;
        Some(child)
    })
}

/// How deep arrays and objects are nested in the text: 0 for a number, 1 for `[]`.
pub(super) fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut at) = (0_usize, 0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at).0;
                continue;
            }
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(&str, &str)> {
        let shown = |child: Child| {
            let name = &text[child.name..string_end(text.as_bytes(), child.name).0];
            (name, &text[child.value..child.end])
        };
        children(text.as_bytes(), 0).map(shown).collect()
    }

    #[test]
    fn members_and_elements_are_found() {
        let text = " {\"a\" : 1 ,\n\"b\\\"]\":[1,{\"}\":2}] , \"c\":\"\\\\\",\"d\": true }";
        let expected = [
            ("\"a\"", "1"),
            ("\"b\\\"]\"", "[1,{\"}\":2}]"),
            ("\"c\"", "\"\\\\\""),
            ("\"d\"", "true"),
        ];
        assert_eq!(parts(text.trim()), expected);
        let elements = |text: &'static str| {
            let shown = |child: Child| &text[child.value..child.end];
            children(text.as_bytes(), 0).map(shown).collect::<Vec<_>>()
        };
        assert_eq!(elements("[ -1.5e3, \"x\" ,[ ],{}]"), ["-1.5e3", "\"x\"", "[ ]", "{}"]);
        assert!(elements("[ ]").is_empty());
        assert!(elements("17").is_empty());
    }

    #[test]
    fn whatever_the_text_is_each_step_ends() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..random.usize(0..24))
                .map(|_| *random.choice(b"{}[]\",:\\ 1a\xc3").expect("some"))
                .collect();
            let mut before = 0;
            for child in children(&bytes, 0) {
                assert!(before <= child.name && child.name <= child.value);
                assert!(child.value < child.end && child.end <= bytes.len());
                before = child.end;
            }
            let start = random.usize(0..30);
            assert!(value_end(&bytes, start) <= bytes.len().max(start));
            depth(&bytes);
        }
    }

    #[test]
    fn depth_is_counted_outside_strings() {
        assert_eq!(depth(b"1"), 0);
        assert_eq!(depth(b"[]"), 1);
        assert_eq!(depth(br#"{"a": [1, {"b\"[[[": "{{{{"}], "c": []}"#), 3);
    }
}
