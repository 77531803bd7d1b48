//! The checks of an installation, one per file. They only read; only `--fix` changes anything.

mod clock;
mod disk;
mod files_limit;
mod finding;
mod folder;
mod live;
mod log;
mod nodes;
mod ports;

pub(crate) use finding::{Finding, render};

use crate::client::ConsoleClient;
use crate::commands::DoctorArgs;
use crate::folder::{DataFolder, Paths};

/// Runs the checks that fit the state of the data folder: unused, in use, or missing.
pub(crate) async fn examine(arguments: &DoctorArgs) -> anyhow::Result<Vec<Finding>> {
    let paths = Paths::new(&arguments.data.data);
    let mut findings = vec![clock::check(&paths), files_limit::check()];
    let state = folder::check(&paths, arguments.fix);
    findings.extend(state.findings);
    if !state.usable {
        findings.extend(ports::check(arguments).await);
        return Ok(findings);
    }
    findings.extend(disk::check(&paths));
    match DataFolder::open(paths.folder()) {
        Ok(folder) => {
            findings.extend(ports::check(arguments).await);
            findings.extend(nodes::check(&paths));
            findings.extend(log::check(&folder, arguments).await);
        }
        Err(in_use) => match ConsoleClient::of_folder(&paths)? {
            Some(client) => findings.extend(live::check(&client).await),
            None => findings.push(Finding::failed(
                "process",
                format!("{in_use:#}"),
                "a process uses the folder but has not published its address: wait until it has started, or stop it",
            )),
        },
    }
    Ok(findings)
}
