//! Compiles and runs C#, by `scripts/dotnet.sh`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// What C# is run by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    CoreClr3,
    CoreClr8,
    Mono,
    /// Mono with full ahead-of-time compilation: no code is made at run time, as on Unity's IL2CPP.
    MonoAheadOfTime,
}

impl Runtime {
    /// Its name for `scripts/dotnet.sh run`.
    fn name(self) -> &'static str {
        match self {
            Self::CoreClr3 => "3.1",
            Self::CoreClr8 => "8",
            Self::Mono => "mono",
            Self::MonoAheadOfTime => "aot",
        }
    }

    /// The assemblies that programs for it are compiled against: CoreCLR 8 runs what was compiled for 3.1.
    fn compiled_against(self) -> &'static str {
        match self {
            Self::CoreClr3 | Self::CoreClr8 => "3.1",
            Self::Mono | Self::MonoAheadOfTime => "mono",
        }
    }
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The shared library that belongs to this test.
pub fn shared_library() -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    test.with_file_name("libsessionlocker.so")
}

fn script() -> Command {
    let mut command = Command::new("bash");
    command.arg(root().join("scripts/dotnet.sh"));
    command
}

/// Whether C# can be compiled and run. Where nothing may be skipped, it must.
pub fn is_there() -> bool {
    static SET_UP: OnceLock<Result<(), String>> = OnceLock::new();
    let result = SET_UP.get_or_init(|| {
        let output = script().arg("setup").output().map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    });
    let must = std::env::var_os("CI").is_some_and(|value| value == "true");
    match result {
        Ok(()) => true,
        Err(why) if must => panic!("C# cannot be run: {why}"),
        Err(why) => {
            eprintln!("skipped: C# cannot be run: {why}");
            false
        }
    }
}

/// Runs a command; panics with what it said unless it succeeds.
pub fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}\n{}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// All that a program printed.
pub fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// Compiles C#; `options` are those of `scripts/dotnet-compiler.cs`.
pub fn compile(runtime: Runtime, options: &[String]) {
    succeed(script().args(["compile", runtime.compiled_against()]).args(options));
}

/// A command that runs a program; arguments can be added. It is ended after ten minutes.
pub fn run(runtime: Runtime, program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=10", "600", "bash"]);
    command.arg(root().join("scripts/dotnet.sh"));
    command.args(["run", runtime.name()]).arg(program);
    command
}

/// An empty folder for one test.
pub fn fresh_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("csharp").join(name);
    // It may not be there yet.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

/// Compiles a program out of these sources, with the binding, into a folder without the native library.
pub fn build(runtime: Runtime, folder: &Path, name: &str, sources: &Path) -> PathBuf {
    let binding = folder.join(BINDING);
    let program = folder.join(name);
    std::fs::copy(binding_for(runtime), &binding).expect("the binding can be copied");
    let options = [
        "-langversion:9".to_owned(),
        "-unsafe".to_owned(),
        format!("-out:{}", program.display()),
        format!("-r:{}", binding.display()),
        sources.display().to_string(),
    ];
    compile(runtime, &options);
    program
}

/// The name of this test's program: several may run at once.
fn test_name() -> String {
    let test = std::env::current_exe().expect("the test has a path");
    test.file_stem().expect("it has a name").to_string_lossy().into_owned()
}

const BINDING: &str = "SessionLocker.CSharp.dll";
const TESTS: &str = "SessionLocker.CSharp.Tests.exe";

/// One thing for each set of assemblies, made at its first use.
type Once = [OnceLock<PathBuf>; 2];

fn once(cell: &'static Once, runtime: Runtime, make: impl FnOnce(&str) -> PathBuf) -> PathBuf {
    let assemblies = runtime.compiled_against();
    cell[usize::from(assemblies == "mono")]
        .get_or_init(|| make(assemblies))
        .clone()
}

/// The binding, compiled once.
fn binding_for(runtime: Runtime) -> PathBuf {
    static BUILT: Once = [const { OnceLock::new() }; 2];
    once(&BUILT, runtime, |assemblies| {
        let file = fresh_folder(&format!("binding-{assemblies}-{}", test_name())).join(BINDING);
        let options = [
            "-langversion:9".to_owned(),
            "-unsafe".to_owned(),
            "-target:library".to_owned(),
            format!("-out:{}", file.display()),
            root().join("bindings/csharp/src").display().to_string(),
        ];
        compile(runtime, &options);
        file
    })
}

/// Puts the binding and its test program into a folder, without the native library, and gives the program.
pub fn build_tests(runtime: Runtime, folder: &Path) -> PathBuf {
    static BUILT: Once = [const { OnceLock::new() }; 2];
    let built = once(&BUILT, runtime, |assemblies| {
        let place = fresh_folder(&format!("tests-{assemblies}-{}", test_name()));
        build(runtime, &place, TESTS, &root().join("tests/csharp"))
    });
    for file in [BINDING, TESTS] {
        std::fs::copy(built.with_file_name(file), folder.join(file)).expect("the program can be copied");
    }
    if runtime == Runtime::MonoAheadOfTime {
        succeed(script().arg("aot").arg(folder));
    }
    folder.join(TESTS)
}

/// Puts the native library beside a program.
pub fn add_library(folder: &Path) {
    std::fs::copy(shared_library(), folder.join("libsessionlocker.so")).expect("the library can be copied");
}
