//! A file per command.

mod admin;
mod author_key;
mod dev;
mod doctor;
mod init_node;
mod integration;
mod master_key;
mod offline;
mod rebuild;
mod status;
mod stop_node;
mod version;

pub(crate) use admin::{AdminArgs, admin};
pub(crate) use author_key::{AuthorKeyArgs, author_key};
pub(crate) use dev::dev;
pub(crate) use doctor::doctor;
pub(crate) use init_node::init_node;
pub(crate) use integration::{IntegrationArgs, integration};
pub(crate) use master_key::{MasterKeyCommand, master_key};
pub(crate) use offline::OfflineServer;
pub(crate) use rebuild::rebuild;
pub(crate) use status::status;
pub(crate) use stop_node::stop_node;
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
