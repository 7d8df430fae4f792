//! Reads `include/sessionlocker.h`: constants, structs, types of callbacks, functions. What it does not understand is a
//! failure, so that nothing new in the header goes unseen.

use super::tokens::Reader;
use std::fmt;

/// A type of C: `const char *` has the base `char` and one pointer, to what is constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    pub base: String,
    pub is_const: bool,
    pub pointers: usize,
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let constant = if self.is_const { "const " } else { "" };
        write!(out, "{constant}{}{}", self.base, "*".repeat(self.pointers))
    }
}

/// A field or a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub kind: Type,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Struct {
    pub name: String,
    pub fields: Vec<Member>,
}

/// A function, or the type of a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub returns: Type,
    pub parameters: Vec<Member>,
}

/// A constant: its name and the text of its value, without brackets.
pub type Constant = (String, String);

#[derive(Debug, Default)]
pub struct Header {
    pub constants: Vec<Constant>,
    /// `_INIT` macros.
    pub initialisers: Vec<String>,
    /// Plain typedefs: the new name and what it stands for.
    pub aliases: Vec<(String, String)>,
    pub structs: Vec<Struct>,
    pub callbacks: Vec<Function>,
    pub functions: Vec<Function>,
}

impl Header {
    pub fn parse(source: &str) -> Self {
        let mut header = Self::default();
        let plain = header.take_directives(source);
        let mut reader = Reader::new(&plain);
        while !reader.is_at_end() {
            header.declaration(&mut reader);
        }
        header
    }

    /// Reads the constants, and gives the text without any line for the preprocessor.
    fn take_directives(&mut self, source: &str) -> String {
        let source = without_comments(source).replace("\\\n", " ");
        let mut plain = String::new();
        let mut is_for_cpp = false;
        for line in source.lines() {
            let words = line.trim();
            if words == "#ifdef __cplusplus" {
                is_for_cpp = true;
            } else if words.starts_with("#endif") {
                is_for_cpp = false;
            } else if let Some(definition) = words.strip_prefix("#define ") {
                self.definition(definition);
            } else if !words.starts_with('#') && !is_for_cpp {
                plain.push_str(line);
                plain.push('\n');
            }
        }
        plain
    }

    fn definition(&mut self, definition: &str) {
        let (name, value) = definition.split_once(' ').unwrap_or((definition, ""));
        let value = value.trim().trim_start_matches('(').trim_end_matches(')');
        match name {
            "SESSIONLOCKER_H" | "SLK_API" | "SLK_NODISCARD" => {}
            _ if value.starts_with('{') => self.initialisers.push(name.to_owned()),
            _ => {
                let is_number = value.parse::<i64>().is_ok() || matches!(value, "SIZE_MAX" | "UINT32_MAX");
                assert!(
                    is_number && name.starts_with("SLK_"),
                    "not understood: #define {definition}"
                );
                self.constants.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    fn declaration(&mut self, reader: &mut Reader) {
        if reader.take("typedef") {
            return self.typedef(reader);
        }
        let mut is_exported = false;
        while matches!(reader.peek(0), "SLK_API" | "SLK_NODISCARD") {
            is_exported |= reader.next() == "SLK_API";
        }
        assert!(is_exported, "neither a typedef nor a function: {}", reader.around());
        let returns = read_type(reader);
        let name = reader.next();
        let parameters = read_parameters(reader);
        reader.expect(";");
        self.functions.push(Function {
            name,
            returns,
            parameters,
        });
    }

    fn typedef(&mut self, reader: &mut Reader) {
        if reader.peek(0) == "struct" && reader.peek(2) == "{" {
            reader.expect("struct");
            let name = reader.next();
            reader.expect("{");
            let mut fields = Vec::new();
            while !reader.take("}") {
                fields.push(read_member(reader));
                reader.expect(";");
            }
            reader.expect(&name);
            reader.expect(";");
            self.structs.push(Struct { name, fields });
            return;
        }
        let kind = read_type(reader);
        if !reader.take("(") {
            let name = reader.next();
            reader.expect(";");
            self.aliases.push((name, kind.to_string()));
            return;
        }
        reader.expect("*");
        let name = reader.next();
        reader.expect(")");
        let parameters = read_parameters(reader);
        reader.expect(";");
        self.callbacks.push(Function {
            name,
            returns: kind,
            parameters,
        });
    }
}

fn without_comments(source: &str) -> String {
    let mut plain = String::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("/*") {
        plain.push_str(before);
        plain.push(' ');
        rest = after.split_once("*/").expect("a comment that ends").1;
    }
    plain + rest
}

fn read_type(reader: &mut Reader) -> Type {
    let is_const = reader.take("const");
    reader.take("struct");
    let base = reader.next();
    let mut pointers = 0;
    while reader.take("*") {
        pointers += 1;
        // Of a pointer that is constant itself; other languages make no difference.
        reader.take("const");
    }
    Type {
        base,
        is_const,
        pointers,
    }
}

fn read_member(reader: &mut Reader) -> Member {
    let kind = read_type(reader);
    Member {
        name: reader.next(),
        kind,
    }
}

fn read_parameters(reader: &mut Reader) -> Vec<Member> {
    let mut parameters = Vec::new();
    reader.expect("(");
    if reader.peek(0) == "void" && reader.peek(1) == ")" {
        reader.expect("void)");
        return parameters;
    }
    loop {
        parameters.push(read_member(reader));
        if reader.take(")") {
            return parameters;
        }
        reader.expect(",");
    }
}

/// A C program that prints `struct size` and `struct.field offset` for everything in the header.
pub fn layout_program(header: &Header, include: &str) -> String {
    let mut source = format!("#include \"{include}\"\n#include <stdio.h>\n#include <stddef.h>\nint main(void)\n{{\n");
    for item in &header.structs {
        let name = &item.name;
        source += &format!("    printf(\"{name} %zu\\n\", sizeof({name}));\n");
        for Member { name: field, .. } in &item.fields {
            source += &format!("    printf(\"{name}.{field} %zu\\n\", offsetof({name}, {field}));\n");
        }
    }
    source + "    return 0;\n}\n"
}
