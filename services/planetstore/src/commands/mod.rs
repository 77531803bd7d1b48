//! A file per command.

mod admin;
mod author_key;
mod dev;
mod doctor;
mod exec_with_parent;
mod integration;
mod master_key;
mod node;
mod offline;
mod rebuild;
mod status;
mod version;

pub(crate) use admin::{AdminArgs, admin};
pub(crate) use author_key::{AuthorKeyArgs, author_key};
pub(crate) use dev::{DevArgs, dev};
pub(crate) use doctor::{DoctorArgs, doctor};
pub(crate) use exec_with_parent::{ExecWithParentArgs, exec_with_parent};
pub(crate) use integration::{IntegrationArgs, integration};
pub(crate) use master_key::{MasterKeyCommand, master_key};
pub(crate) use node::{NodeCommand, node};
pub(crate) use offline::OfflineServer;
pub(crate) use rebuild::{RebuildArgs, rebuild};
pub(crate) use status::{StatusArgs, status};
pub(crate) use version::version;

/// What a command that went through found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All is well.
    Well,
    /// Something is not.
    Unhealthy,
}

impl Verdict {
    pub(crate) fn well_if(well: bool) -> Self {
        if well { Self::Well } else { Self::Unhealthy }
    }
}
