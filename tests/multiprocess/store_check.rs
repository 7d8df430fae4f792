//! Each game server tries its store out: `--check-store`, through the header of C, in C, C++ and C#.

use super::{eight_servers, fresh_folder};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Whether the server found its store good. It ends by itself, and says so or what it found.
fn finds_good(program: &Path, store: &[&str]) -> bool {
    let output = Command::new(program).args(store).arg("--check-store").output();
    let output = output.expect("the server can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    let good = output.status.success();
    assert_eq!(
        good,
        said == "the store keeps its promises\n",
        "{} {store:?}: {output:?}",
        program.display()
    );
    good
}

#[test]
fn each_server_finds_its_stores_good() {
    let Some(programs) = eight_servers() else {
        return;
    };
    let folder = fresh_folder("multiprocess-check");
    let database = folder.join("players.db");
    let files = format!("files:{}", folder.join("players").display());
    let mut stores = vec![
        vec!["--db", database.to_str().expect("a path in UTF-8")],
        vec!["--store", &files],
    ];
    #[cfg(feature = "postgres")]
    let postgres = crate::tools::postgres::Postgres::start();
    #[cfg(feature = "postgres")]
    let url = postgres
        .as_ref()
        .map(|server| server.new_database(crate::tools::served::DATABASE));
    #[cfg(feature = "postgres")]
    stores.extend(url.iter().map(|url| vec!["--store", url, "--create-tables"]));
    #[cfg(feature = "redis")]
    let redis = crate::tools::redis::Redis::start_with(&[]);
    #[cfg(feature = "redis")]
    let url = redis.as_ref().map(|server| server.url(0));
    #[cfg(feature = "redis")]
    stores.extend(url.iter().map(|url| vec!["--store", url, "--create-tables"]));
    let programs: BTreeSet<_> = programs.into_iter().map(|program| program.path).collect();
    for program in programs {
        let in_csharp = program.to_string_lossy().contains("csharp");
        for store in &stores {
            // The server in C# has no store of its own.
            if !(in_csharp && store[1].starts_with("files:")) {
                assert!(finds_good(&program, store), "{} {store:?}", program.display());
            }
        }
    }
}
