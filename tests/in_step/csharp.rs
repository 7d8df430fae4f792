//! Reads the declarations of the C# binding, `bindings/csharp/src/Native*.cs`, which hold nothing else, and compares them
//! with the header.

use super::header::{Function, Header, Member, Type};
use super::tokens::Reader;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const BLITTABLE: &str = "[StructLayout(LayoutKind.Sequential)]";
const CALLBACK: &str = "[UnmanagedFunctionPointer(CallingConvention.Cdecl)]";
const IMPORT: &str = "[DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]";

/// What one language declares, in words that can be compared: a name and a line for each thing.
pub type Declarations = BTreeMap<String, String>;

/// Reads the sources.
pub fn parse(sources: &[String]) -> Declarations {
    let mut declarations = Declarations::new();
    for source in sources {
        let mut reader = Reader::new(&without_directives(source));
        while reader.take("using") {
            reader.until(";");
        }
        reader.expect("namespace SessionLocker {");
        while !reader.take("}") {
            declaration(&mut reader, &mut declarations);
        }
        assert!(reader.is_at_end(), "something follows: {}", reader.around());
    }
    declarations
}

/// The text without `#if` and with the branch behind `#else`, which is the one for desktops and servers.
fn without_directives(source: &str) -> String {
    let mut plain = String::new();
    let mut is_skipped = false;
    for line in source.lines() {
        let words = line.trim();
        if words.starts_with('#') {
            is_skipped = words.starts_with("#if");
        } else if !is_skipped {
            plain.push_str(line);
            plain.push('\n');
        }
    }
    plain
}

fn declaration(reader: &mut Reader, declarations: &mut Declarations) {
    if reader.peek(0) != "[" {
        reader.expect("internal static");
        reader.take("unsafe");
        reader.expect("partial class Native {");
        while !reader.take("}") {
            member_of_native(reader, declarations);
        }
    } else if reader.peek(1) == "StructLayout" {
        reader.expect(BLITTABLE);
        reader.expect("internal unsafe struct");
        let name = reader.next();
        reader.expect("{");
        let mut fields = String::new();
        while !reader.take("}") {
            reader.expect("internal");
            let (kind, field) = member(reader);
            reader.expect(";");
            write!(fields, "{kind} {field}; ").expect("a string takes everything");
        }
        add(declarations, &name, format!("struct {{ {fields}}}"));
    } else {
        reader.expect(CALLBACK);
        reader.expect("internal unsafe delegate");
        let (name, signature) = function(reader);
        add(declarations, &name, format!("callback {signature}"));
    }
}

fn member_of_native(reader: &mut Reader, declarations: &mut Declarations) {
    if reader.peek(0) == "[" {
        reader.expect(IMPORT);
        reader.expect("internal static extern");
        let (name, signature) = function(reader);
        add(declarations, &name, format!("function {signature}"));
        return;
    }
    reader.expect("internal");
    if !reader.take("const") {
        reader.expect("static readonly");
    }
    let kind = reader.next();
    let name = reader.next();
    reader.expect("=");
    let value = reader.until(";");
    // The one constant that is a string names the library.
    if kind != "string" {
        let value = match value.as_str() {
            "unchecked((nuint)ulong.MaxValue)" => "SIZE_MAX".to_owned(),
            "uint.MaxValue" => "UINT32_MAX".to_owned(),
            _ => value,
        };
        add(declarations, &name, format!("constant {value}"));
    }
}

fn add(declarations: &mut Declarations, name: &str, words: String) {
    let before = declarations.insert(name.to_owned(), words);
    assert!(before.is_none(), "{name} is declared twice in C#");
}

fn kind(reader: &mut Reader) -> String {
    let mut kind = reader.next();
    while reader.take("*") {
        kind.push('*');
    }
    kind
}

fn member(reader: &mut Reader) -> (String, String) {
    let kind = kind(reader);
    // `@` stands before names that are words of the language.
    (kind, reader.next().trim_start_matches('@').to_owned())
}

fn function(reader: &mut Reader) -> (String, String) {
    let (returns, name) = member(reader);
    reader.expect("(");
    let mut parameters = Vec::new();
    while !reader.take(")") {
        let (kind, name) = member(reader);
        parameters.push(format!("{kind} {name}"));
        reader.take(",");
    }
    reader.expect(";");
    (name, format!("{returns} ({})", parameters.join(", ")))
}

/// What C# should declare for the header.
pub fn wanted(header: &Header) -> Declarations {
    let mut wanted = Declarations::new();
    for (name, value) in &header.constants {
        wanted.insert(name.clone(), format!("constant {value}"));
    }
    for item in &header.structs {
        let fields: String = item
            .fields
            .iter()
            .map(|field| of_member(header, field) + "; ")
            .collect();
        wanted.insert(item.name.clone(), format!("struct {{ {fields}}}"));
    }
    for callback in &header.callbacks {
        wanted.insert(
            callback.name.clone(),
            format!("callback {}", of_function(header, callback)),
        );
    }
    for function in &header.functions {
        wanted.insert(
            function.name.clone(),
            format!("function {}", of_function(header, function)),
        );
    }
    wanted
}

fn of_function(header: &Header, function: &Function) -> String {
    let parameters: Vec<String> = function.parameters.iter().map(|it| of_member(header, it)).collect();
    format!("{} ({})", of_type(header, &function.returns), parameters.join(", "))
}

fn of_member(header: &Header, member: &Member) -> String {
    format!("{} {}", of_type(header, &member.kind), member.name)
}

fn of_type(header: &Header, kind: &Type) -> String {
    let alias = header.aliases.iter().find(|(name, _)| *name == kind.base);
    let base = alias.map_or(kind.base.as_str(), |(_, stands_for)| stands_for.as_str());
    let base = match base {
        "int32_t" => "int",
        "uint32_t" => "uint",
        "int64_t" => "long",
        "uint64_t" => "ulong",
        "size_t" => "nuint",
        "double" => "double",
        "char" => "byte",
        "void" => "void",
        callback if header.callbacks.iter().any(|it| it.name == callback) => "IntPtr",
        item if header.structs.iter().any(|it| it.name == item) => item,
        other => panic!("a type that no language has a counterpart for: {other}"),
    };
    format!("{base}{}", "*".repeat(kind.pointers))
}

/// How two sets of declarations differ, one line for each difference.
pub fn differences(wanted: &Declarations, found: &Declarations) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, words) in wanted {
        match found.get(name) {
            None => lines.push(format!("{name} is missing: {words}")),
            Some(other) if other != words => lines.push(format!("{name} is {other}, but should be {words}")),
            Some(_) => {}
        }
    }
    let extra = found.iter().filter(|(name, _)| !wanted.contains_key(*name));
    lines.extend(extra.map(|(name, words)| format!("{name} is not in the header: {words}")));
    lines
}
