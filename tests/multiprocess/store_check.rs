//! Each game server tries its store out: `--check-store`, through the header of C, in C, C++ and C#.

use super::tools::served::Served;
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

/// The servers of stores that this build knows, with their URLs.
fn served() -> Vec<(String, Box<dyn Served>)> {
    #[cfg(feature = "postgres")]
    let postgres = super::tools::postgres::Postgres::start().map(|server| {
        let url = server.new_database(super::tools::served::DATABASE);
        (url, Box::new(server) as Box<dyn Served>)
    });
    #[cfg(not(feature = "postgres"))]
    let postgres = None;
    #[cfg(feature = "redis")]
    let redis = super::tools::redis::Redis::start().map(|server| (server.url(0), Box::new(server) as Box<dyn Served>));
    #[cfg(not(feature = "redis"))]
    let redis = None;
    [postgres, redis].into_iter().flatten().collect()
}

#[test]
fn each_server_finds_its_stores_good() {
    let Some(programs) = eight_servers() else {
        return;
    };
    let folder = fresh_folder("multiprocess-check");
    let database = folder.join("players.db");
    let database = database.to_str().expect("a path in UTF-8");
    let files = format!("files:{}", folder.join("players").display());
    let served = served();
    let by_url = served.iter().map(|(url, _)| vec!["--store", url, "--create-tables"]);
    let of_all: Vec<_> = by_url.chain([vec!["--db", database]]).collect();
    let programs: BTreeSet<_> = programs.into_iter().map(|program| program.path).collect();
    for program in programs {
        // The server in C# has no store of its own.
        let own = (!program.to_string_lossy().contains("csharp")).then(|| vec!["--store", &files]);
        for store in of_all.iter().chain(&own) {
            assert!(finds_good(&program, store), "{} {store:?}", program.display());
        }
    }
}
