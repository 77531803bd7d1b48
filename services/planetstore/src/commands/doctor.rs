use anyhow::Context;

use super::Verdict;
use crate::cli::{DoctorArgs, Output};
use crate::doctor::{self, Finding};

/// Checks what can be checked, repairs what it may, and says what to do about the rest.
pub(crate) async fn doctor(arguments: DoctorArgs) -> anyhow::Result<Verdict> {
    let findings = doctor::examine(&arguments).await?;
    match arguments.output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&findings).context("cannot write the findings")?),
        Output::Table => print!("{}", doctor::render(&findings)),
    }
    Ok(Verdict::well_if(!findings.iter().any(Finding::is_failure)))
}
