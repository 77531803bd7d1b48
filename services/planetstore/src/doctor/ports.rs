use super::Finding;
use crate::commands::DoctorArgs;
use crate::listen::bind;

/// Whether the addresses that a start will use are free.
pub(super) async fn check(arguments: &DoctorArgs) -> Vec<Finding> {
    let s3 = bind(arguments.listen, "the S3 endpoint", "--listen").await;
    let console = bind(arguments.console, "the console", "--console").await;
    [(arguments.listen, s3), (arguments.console, console)]
        .into_iter()
        .map(|(address, taken)| match taken {
            Ok(_) => Finding::ok("port", format!("{address} is free")),
            Err(error) => {
                Finding::failed("port", error.to_string(), "this matters only if you start a store on this address")
            }
        })
        .collect()
}
