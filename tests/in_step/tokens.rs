//! Words of C and C#, without comments.

/// Splits a source text into words, numbers, strings and single signs.
pub fn split(source: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest = rest.split_once('\n').map_or("", |(_, after)| after).trim_start();
            continue;
        } else if rest.starts_with("/*") {
            let (_, after) = rest.split_once("*/").expect("a comment that ends");
            rest = after.trim_start();
            continue;
        } else if first == '"' {
            1 + rest[1..].find('"').expect("a string that ends") + 1
        } else if is_word(first) {
            rest.find(|sign| !is_word(sign)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

/// Words of the names of C, and of C# with `@` before names that are words of the language.
fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_' || sign == '@'
}

/// Reads tokens one after the other; panics at what it does not understand, with what stands around it.
pub struct Reader {
    tokens: Vec<String>,
    at: usize,
}

impl Reader {
    pub fn new(source: &str) -> Self {
        Self {
            tokens: split(source),
            at: 0,
        }
    }

    pub fn peek(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", String::as_str)
    }

    pub fn is_at_end(&self) -> bool {
        self.at == self.tokens.len()
    }

    pub fn next(&mut self) -> String {
        let token = self.peek(0).to_owned();
        assert!(!token.is_empty(), "the text ends too early, after {}", self.around());
        self.at += 1;
        token
    }

    /// Takes the token if it is this one.
    pub fn take(&mut self, wanted: &str) -> bool {
        let found = self.peek(0) == wanted;
        self.at += usize::from(found);
        found
    }

    /// Takes these tokens.
    pub fn expect(&mut self, wanted: &str) {
        for token in split(wanted) {
            assert!(self.take(&token), "`{token}` is missing in: {}", self.around());
        }
    }

    /// Takes tokens up to this one, which is taken too, and joins them.
    pub fn until(&mut self, end: &str) -> String {
        let mut text = String::new();
        while !self.take(end) {
            text.push_str(&self.next());
        }
        text
    }

    pub fn around(&self) -> String {
        let from = self.at.saturating_sub(8);
        let to = (self.at + 8).min(self.tokens.len());
        self.tokens[from..to].join(" ")
    }
}
