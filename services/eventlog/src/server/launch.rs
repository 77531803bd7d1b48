use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::{CommandExt, parent_id};
use std::process::Command;

use rustix::process::{Signal, set_parent_process_death_signal};

/// Becomes `program`, to be killed when the thread that started this process ends, however it ends.
///
/// `parent` is the id of the process that started it. If that process has died before the signal was set, the program
/// is not run. Returns only if it cannot be run.
///
/// Source: prctl(2), `PR_SET_PDEATHSIG`, which execve(2) keeps for a program without special rights.
pub fn exec_with_parent(parent: u32, program: &OsStr, arguments: &[OsString]) -> io::Error {
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    if parent_id() != parent {
        return io::Error::other("the process that wanted this program has ended");
    }
    Command::new(program).args(arguments).exec()
}
