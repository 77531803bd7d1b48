//! The admin API of a gateway.

use std::sync::Arc;

use ::accesslog::AccessLog;
use ::admin::{Admin, AdminOptions, Site, WorkerReports};
use ::consumers::Consumers;
use anyhow::Context;
use events::ids::RegionName;
use identity::{MasterKeys, Sealers, Tokens};
use ledger::Ledger;
use listener::TrustedProxies;
use shards::Membership;
use worker::Workers;

use crate::author_key;
use crate::credentials::RootCredentials;
use crate::sources::sources;

/// The keys and credentials with which a gateway authenticates users.
pub(super) struct Trust<'a> {
    pub(super) root: &'a RootCredentials,
    pub(super) masters: &'a MasterKeys,
    pub(super) sealers: Arc<Sealers>,
    pub(super) proxies: TrustedProxies,
    /// Where refused requests and failed logins are recorded.
    pub(super) access_log: Option<AccessLog>,
    /// Whether events say which address a request came from.
    pub(super) records_addresses: bool,
    /// What people may know of the gateway.
    pub(super) site: Site,
}

/// The admin API of a region. The master key must be the one that sealed the secrets on the region's log.
pub(super) async fn open(
    region: &RegionName,
    trust: Trust<'_>,
    ledger: Ledger,
    membership: Membership,
    consumers: Consumers,
    workers: Workers,
) -> anyhow::Result<Admin> {
    let Trust { root, masters, sealers, proxies, access_log, records_addresses, site } = trust;
    let tokens: Result<Vec<_>, _> = masters.iter().map(|master| Tokens::new(master, region.as_str())).collect();
    let options = AdminOptions {
        region: region.clone(),
        root: root.credentials(),
        sealers,
        tokens: tokens?,
        master_keys: author_key::held(masters, region)?,
        trusted_proxies: proxies,
        records_addresses,
        access_log,
        membership,
        consumers: Some(consumers),
        workers: WorkerReports::new(move || workers.reports()),
        site,
        sources: sources(),
        random: |bytes| getrandom::fill(bytes).is_ok(),
    };
    let admin = Admin::new(options, ledger)?;
    admin.check_master_key().await.context("the master key")?;
    Ok(admin)
}
