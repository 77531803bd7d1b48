//! The commands, one per file.

mod admin;
mod audit;
mod audit_access;
mod audit_log;
mod author_key;
mod completions;
mod config;
mod consumer_issuer;
mod demo;
mod dev;
mod doctor;
mod events;
mod exec_with_parent;
mod integration;
mod logs;
mod master_key;
mod node;
mod notary_key;
mod objects;
mod offline;
mod piece_secrets;
mod printer;
mod rebuild;
mod rewind;
mod scrub;
mod status;
mod version;
mod worker;

pub(crate) use admin::session::Session;
pub(crate) use admin::{AdminArgs, admin};
pub(crate) use audit::{AuditCommand, audit};
pub(crate) use author_key::{AuthorKeyArgs, author_key};
pub(crate) use completions::{CompletionsArgs, ManPagesArgs, completions, man_pages};
pub(crate) use config::{ConfigCommand, config};
pub(crate) use consumer_issuer::{ConsumerIssuerArgs, consumer_issuer};
pub(crate) use demo::{DemoArgs, demo};
pub(crate) use dev::{DevArgs, dev};
pub(crate) use doctor::{DoctorArgs, doctor};
pub(crate) use events::{EventsCommand, events};
pub(crate) use exec_with_parent::{ExecWithParentArgs, exec_with_parent};
pub(crate) use integration::{IntegrationArgs, integration};
pub(crate) use logs::{ErrorsArgs, LogsArgs, errors, logs};
pub(crate) use master_key::{MasterKeyCommand, master_key};
pub(crate) use node::{NodeCommand, node};
pub(crate) use notary_key::{NotaryKeyArgs, notary_key};
pub(crate) use objects::{ContextCommand, ObjectCommand, context};
pub(crate) use offline::OfflineServer;
pub(crate) use piece_secrets::{PieceSecretsArgs, piece_secrets};
pub(crate) use rebuild::{RebuildArgs, rebuild};
pub(crate) use rewind::{RestoreArgs, restore};
pub(crate) use scrub::{ScrubCommand, scrub};
pub(crate) use status::{StatusArgs, status};
pub(crate) use version::version;
pub(crate) use worker::{GcCommand, WorkerCommand, gc, worker};

/// The result of a command that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything is healthy.
    Well,
    /// Something is not healthy.
    Unhealthy,
}

impl Verdict {
    pub(crate) fn well_if(well: bool) -> Self {
        if well { Self::Well } else { Self::Unhealthy }
    }
}
