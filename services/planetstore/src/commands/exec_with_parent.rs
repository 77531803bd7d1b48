use std::ffi::OsString;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct ExecWithParentArgs {
    /// Process id of the parent
    pub(crate) parent: u32,
    /// The program and its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    pub(crate) command: Vec<OsString>,
}

/// Replaces this process by the command. Returns only if that fails.
pub(crate) fn exec_with_parent(arguments: &ExecWithParentArgs) -> anyhow::Error {
    let Some((program, rest)) = arguments.command.split_first() else {
        return anyhow::anyhow!("there is no command");
    };
    let error = eventlog::server::exec_with_parent(arguments.parent, program, rest);
    anyhow::Error::new(error).context(format!("cannot run {}", program.to_string_lossy()))
}
